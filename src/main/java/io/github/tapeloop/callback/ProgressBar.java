package io.github.tapeloop.callback;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * Prints a line an epoch. On a terminal the line moves while the epoch runs, with the rate and the time left; elsewhere
 * only whole lines are printed. What the run warns of is a line of its own.
 */
public final class ProgressBar implements Callback {

    private static final int WIDTH = 24;
    private static final long REDRAW_NANOS = 100_000_000L;

    private final PrintStream out;
    private final boolean terminal;
    private final LongSupplier nanoTime;
    private int epochs;
    private OptionalLong steps = OptionalLong.empty();
    private int epoch;
    private long examples;
    private long epochStart;
    private long lastDrawn;
    private int drawn;

    /** Prints to standard output, which is taken for a terminal if this program has a console. */
    public ProgressBar() {
        this(System.out, System.console() != null, System::nanoTime);
    }

    /**
     * Prints whole lines to a stream.
     *
     * @param out where to print; not closed
     */
    public ProgressBar(PrintStream out) {
        this(out, false, System::nanoTime);
    }

    ProgressBar(PrintStream out, boolean terminal, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.nanoTime = nanoTime;
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        epochs = event.epochs();
        steps = event.steps();
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        epoch = event.epoch();
        examples = 0;
        epochStart = nanoTime.getAsLong();
        lastDrawn = epochStart;
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        examples += event.examples();
        if (!terminal) {
            return;
        }
        long now = nanoTime.getAsLong();
        if (now - lastDrawn >= REDRAW_NANOS) {
            lastDrawn = now;
            draw(bar(event.batch() + 1, now - epochStart) + metrics(event.logs()));
        }
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        String line = String.format(
                Locale.ROOT,
                "%s  %d steps  %s  %s examples/s%s",
                title(),
                event.steps(),
                seconds(event.epochSeconds()),
                rate(event.examplesPerSecond()),
                metrics(event.logs()));
        if (terminal) {
            draw(line);
            out.println();
            drawn = 0;
        } else {
            out.println(line);
        }
    }

    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        if (drawn > 0) { // The run failed in the middle of an epoch: leave its line standing.
            out.println();
            drawn = 0;
        }
        event.stopReason().ifPresent(reason -> out.println("stopped: " + reason));
    }

    /** A line of its own, above the one that moves. */
    @Override
    public void onWarning(Run run, Event.Warning event) {
        if (drawn > 0) {
            out.print("\r" + " ".repeat(drawn) + "\r");
            drawn = 0;
        }
        out.println("warning: " + event.text());
    }

    private void draw(String line) {
        out.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
        out.flush();
        drawn = line.length();
    }

    private String title() {
        return "epoch " + (epoch + 1) + "/" + epochs;
    }

    private String bar(long done, long nanos) {
        double elapsed = nanos / 1e9;
        String speed = rate(elapsed > 0 ? examples / elapsed : 0) + " examples/s";
        if (steps.isEmpty()) {
            return title() + "  step " + done + "  " + speed;
        }
        long total = Math.max(done, steps.getAsLong());
        int filled = (int) (WIDTH * done / total);
        double left = elapsed / done * (total - done);
        return String.format(
                Locale.ROOT,
                "%s  [%s%s]  %d/%d  %s  %s left",
                title(),
                "=".repeat(filled),
                " ".repeat(WIDTH - filled),
                done,
                total,
                speed,
                seconds(left));
    }

    private static String seconds(double value) {
        return value < 60
                ? String.format(Locale.ROOT, "%.1f s", value)
                : String.format(Locale.ROOT, "%d min %02d s", (long) value / 60, (long) value % 60);
    }

    private static String rate(double value) {
        return String.format(Locale.ROOT, "%,.0f", value);
    }

    /** Four decimals, or an exponent for what would show as zeros, as Keras prints them. */
    private static String metrics(Map<String, Double> logs) {
        StringBuilder text = new StringBuilder();
        logs.forEach((name, value) -> text.append(
                String.format(Locale.ROOT, Math.abs(value) > 1e-3 ? "  %s %.4f" : "  %s %.4e", name, value)));
        return text.toString();
    }
}
