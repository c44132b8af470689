package io.github.tapeloop.data;

import java.util.Locale;

/** Values in messages: not longer than a line, without characters that no one sees, sizes with their unit. */
final class Texts {

    private static final int MOST = 80;
    private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

    private Texts() {}

    /** A value, its end left out where it is long. */
    static String cut(Object value) {
        String text = String.valueOf(value);
        return text.length() <= MOST
                ? visible(text)
                : visible(text.substring(0, MOST)) + "… (" + text.length() + " characters)";
    }

    /**
     * A text in which characters that are not seen, or change how others are, are written as their codes: those of control, which
     * move a cursor or end a line of a log, and those that turn the direction of writing.
     */
    static String visible(String text) {
        StringBuilder seen = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> seen.append(String.format(Locale.ROOT, "\\u%04x", c));
                default -> seen.appendCodePoint(c);
            }
        });
        return seen.toString();
    }

    /** A number of bytes. */
    static String size(double bytes) {
        if (bytes < 1000) {
            return (long) bytes + " bytes";
        }
        double value = bytes / 1000;
        int unit = 0;
        while (value >= 999.95 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return Math.round(value * 10) / 10.0 + " " + UNITS[unit];
    }
}
