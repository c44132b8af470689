package io.github.tapeloop.callback;

import io.github.tapeloop.bridge.NewerJdk;
import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** The terminal of this program, if it has one. */
final class Terminal {

    /** What a terminal has that tells nobody. */
    static final int USUAL_WIDTH = 80;

    private static final File DEVICE = new File("/dev/tty");

    private Terminal() {}

    /** Whether what is printed moves on a screen. */
    static boolean isThere() {
        Console console = System.console();
        return console != null && NewerJdk.isTerminal(console);
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
