package io.github.tapeloop.fuzz;

import java.nio.file.Path;

/** The program of a child process: trials one after another, until they are done or it dies. */
public final class TrialLoop {

    private TrialLoop() {}

    /** The kind of trials, the folder of the journal, the first seed, and the one after the last. */
    public static void main(String[] arguments) throws Exception {
        Trial trial = TrialKind.valueOf(arguments[0]).make();
        long end = Long.parseLong(arguments[3]);
        try (Journal journal = new Journal(Path.of(arguments[1]))) {
            for (long seed = Long.parseLong(arguments[2]); seed < end; seed++) {
                journal.begin(seed);
                try {
                    trial.run(new Dice(seed), journal);
                } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                    journal.finding("threw", e + " at " + place(e));
                }
            }
            System.out.println("outcomes " + journal.outcomes());
        }
        System.exit(0);
    }

    /** Where in the library it came from. */
    static String place(Throwable e) {
        StringBuilder places = new StringBuilder();
        int count = 0;
        for (StackTraceElement element : e.getStackTrace()) {
            if (count < 6) {
                places.append(element.getFileName())
                        .append(':')
                        .append(element.getLineNumber())
                        .append(' ');
                count++;
            }
        }
        return places + (e.getCause() == null ? "" : "caused by " + e.getCause() + " at " + place(e.getCause()));
    }
}
