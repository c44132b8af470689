package io.github.tapeloop.callback;

import java.io.PrintStream;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntSupplier;

/**
 * Prints a line an epoch. On a terminal the line moves while the epoch runs, with the rate and the time left, cut at the
 * width of the terminal: that in the environment variable {@code COLUMNS}, or as {@code stty} says, or 80 columns. Elsewhere
 * only whole lines are printed. What the run warns of is a line of its own.
 */
public final class ProgressBar implements Callback {

    private static final int WIDTH = 24;
    private static final int LEAST_WIDTH = 6;
    private static final double REDRAW_SECONDS = 0.1;

    private final PrintStream out;
    private final boolean terminal;
    private final IntSupplier terminalWidth;
    private int columns = Terminal.USUAL_WIDTH;
    private int epochs;
    private OptionalLong steps = OptionalLong.empty();
    private int epoch;
    private long examples;
    private double epochStart;
    private double lastDrawn;
    private int drawn;
    /** How many steps of the epoch another process has taken. */
    private long stepsBefore;

    /** Prints to standard output, which is taken for a terminal if this program has a console. */
    public ProgressBar() {
        this(System.out, Terminal.isThere(), Terminal::width);
    }

    /**
     * Prints whole lines to a stream.
     *
     * @param out where to print; not closed
     */
    public ProgressBar(PrintStream out) {
        this(out, false, () -> Terminal.USUAL_WIDTH);
    }

    /** @param terminalWidth how many columns there are, asked at the beginning of a run on a terminal */
    ProgressBar(PrintStream out, boolean terminal, IntSupplier terminalWidth) {
        this.out = out;
        this.terminal = terminal;
        this.terminalWidth = terminalWidth;
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        columns = terminal ? terminalWidth.getAsInt() : columns;
        epochs = event.epochs();
        steps = event.steps();
        begin(run, event.firstEpoch()); // A run that goes on from a checkpoint may be in the middle of it.
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        begin(run, event.epoch());
    }

    private void begin(Run run, int which) {
        epoch = which;
        examples = 0;
        stepsBefore = 0;
        epochStart = run.seconds();
        lastDrawn = epochStart;
    }

    @Override
    public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
        if (examples == 0) { // In a run that goes on from a checkpoint it need not be the first.
            stepsBefore = event.batch();
        }
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        examples += event.examples();
        if (!terminal) {
            return;
        }
        double now = run.seconds();
        if (now - lastDrawn >= REDRAW_SECONDS) {
            lastDrawn = now;
            draw(cut(moving(event, now - epochStart)));
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

    /** Where the line is too long the bar gives way. */
    private String moving(Event.BatchEnd event, double elapsed) {
        String metrics = metrics(event.logs());
        String line = bar(event.batch() + 1, elapsed, WIDTH) + metrics;
        int excess = line.length() - (columns - 1);
        return excess <= 0 ? line : bar(event.batch() + 1, elapsed, Math.max(LEAST_WIDTH, WIDTH - excess)) + metrics;
    }

    /** A line that filled the last column would be moved on from by some terminals. */
    private String cut(String line) {
        return line.substring(0, Math.min(line.length(), Math.max(1, columns - 1)));
    }

    private void draw(String line) {
        out.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
        out.flush();
        drawn = line.length();
    }

    private String title() {
        return "epoch " + (epoch + 1) + "/" + epochs;
    }

    private String bar(long done, double elapsed, int width) {
        String speed = rate(elapsed > 0 ? examples / elapsed : 0) + " examples/s";
        if (steps.isEmpty()) {
            return title() + "  step " + done + "  " + speed;
        }
        long total = Math.max(done, steps.getAsLong());
        int filled = (int) (width * done / total);
        double left = elapsed / (done - stepsBefore) * (total - done);
        return String.format(
                Locale.ROOT,
                "%s  [%s%s]  %d/%d  %s  %s left",
                title(),
                "=".repeat(filled),
                " ".repeat(width - filled),
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

    @Override
    public String toString() {
        return "ProgressBar";
    }
}
