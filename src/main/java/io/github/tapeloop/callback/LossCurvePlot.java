package io.github.tapeloop.callback;

import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Stateful;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Draws curves of a run into a picture when it ends, however it ends. Needs the artifact {@code org.knowm.xchart:xchart},
 * which this library does not bring along; no display is needed.
 *
 * <pre>{@code
 * new LossCurvePlot(Path.of("loss.svg")).curves("loss", "val_loss")
 * }</pre>
 */
public final class LossCurvePlot implements Callback {

    private final Path file;
    private final boolean vector;
    private final Settings settings = new Settings();
    private List<String> names = List.of("loss", "val_loss");
    private Set<String> chosen = Set.of();
    private final Map<String, List<CurveChart.Point>> curves = new LinkedHashMap<>();
    private boolean running;

    /**
     * Draws {@code loss} and, if it is measured, {@code val_loss}.
     *
     * @param file where to: a {@code .png} or {@code .svg} in a directory that exists; replaced if it is there
     * @throws IllegalArgumentException for another kind of file
     * @throws IllegalStateException if XChart is not on the class path
     */
    public LossCurvePlot(Path file) {
        this.file = Objects.requireNonNull(file, "file");
        String name = file.toString().toLowerCase(Locale.ROOT);
        this.vector = name.endsWith(".svg");
        if (!vector && !name.endsWith(".png")) {
            throw new IllegalArgumentException("Expected a file that ends in .png or .svg, got " + file);
        }
        try {
            CurveChart.load();
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "LossCurvePlot draws with XChart, which is not on the class path: add the artifact"
                            + " org.knowm.xchart:xchart to the dependencies",
                    e);
        }
    }

    /**
     * Chooses what to draw.
     *
     * @param logNames names in the logs, at least one; {@code fit} refuses one that nobody measures
     * @return this
     */
    public LossCurvePlot curves(String... logNames) {
        settings.change(this, "curves");
        if (logNames.length == 0) {
            throw new IllegalArgumentException("Expected the name of at least one curve");
        }
        this.names = List.of(logNames);
        this.chosen = Set.copyOf(names);
        return this;
    }

    @Override
    public Set<String> monitors() {
        return chosen;
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("curves", List.copyOf(curves.keySet()));
        curves.forEach((name, points) -> {
            out.put(
                    name + "/epochs",
                    points.stream().mapToDouble(CurveChart.Point::epoch).toArray());
            out.put(
                    name + "/values",
                    points.stream().mapToDouble(CurveChart.Point::value).toArray());
        });
    }

    @Override
    public void loadState(Stateful.Reader in) {
        if (running) { // What was measured stays so, whatever training goes back to.
            return;
        }
        curves.clear();
        for (String name : in.getStrings("curves")) {
            double[] epochs = in.getDoubles(name + "/epochs");
            double[] values = in.getDoubles(name + "/values");
            List<CurveChart.Point> points = new ArrayList<>();
            for (int i = 0; i < epochs.length; i++) {
                points.add(new CurveChart.Point((int) epochs[i], values[i]));
            }
            curves.put(name, points);
        }
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        settings.use();
        running = true;
        if (!event.isResumed()) {
            curves.clear();
        }
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        for (String name : names) {
            Double value = event.logs().get(name);
            if (value != null && Double.isFinite(value)) {
                curves.computeIfAbsent(name, n -> new ArrayList<>())
                        .add(new CurveChart.Point(event.epoch() + 1, value));
            }
        }
    }

    /** Draws, unless no epoch has ended. */
    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        running = false;
        if (curves.isEmpty()) {
            return;
        }
        FileWork.on(file, () -> CurveChart.draw(curves, file, vector));
    }

    @Override
    public String toString() {
        return "LossCurvePlot";
    }
}
