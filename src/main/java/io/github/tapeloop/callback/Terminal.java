package io.github.tapeloop.callback;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** The terminal of this program, if it has one. */
final class Terminal {

    /** What a terminal has that tells nobody. */
    static final int USUAL_WIDTH = 80;

    private static final File DEVICE = new File("/dev/tty");

    /** The first JDK whose console can be without a terminal. */
    private static final int FIRST_WITHOUT = 22;

    private Terminal() {}

    /** Whether what is printed moves on a screen. */
    static boolean isThere() {
        if (System.console() == null) {
            return false;
        }
        return Runtime.version().feature() < FIRST_WITHOUT || !DEVICE.exists() || isOutputTerminal();
    }

    private static boolean isOutputTerminal() {
        try {
            Process test = new ProcessBuilder("test", "-t", "1").inheritIO().start();
            return test.waitFor(1, TimeUnit.SECONDS) && test.exitValue() == 0;
        } catch (IOException e) {
            return true; // There is no such program here.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** How many columns it has: by the variable COLUMNS, or as {@code stty} says. */
    static int width() {
        Integer said = parse(System.getenv("COLUMNS"));
        if (said != null) {
            return said;
        }
        Integer asked = DEVICE.exists() ? parse(lastWord(sttySize())) : null;
        return asked != null ? asked : USUAL_WIDTH;
    }

    private static String sttySize() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(DEVICE)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!stty.waitFor(1, TimeUnit.SECONDS)) {
                stty.destroyForcibly();
                return "";
            }
            return new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return ""; // There is no stty here.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static String lastWord(String text) {
        return text.strip().replaceFirst("^.*\\s", "");
    }

    /** A number of columns that something fits into, or null. */
    static Integer parse(String text) {
        try {
            int columns = text == null ? 0 : Integer.parseInt(text.strip());
            return columns > 0 ? columns : null;
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
