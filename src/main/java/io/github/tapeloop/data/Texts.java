package io.github.tapeloop.data;

/** Values in messages: not longer than a line, sizes with their unit. */
final class Texts {

    private static final int MOST = 80;
    private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB", "EB"};

    private Texts() {}

    /** A value, its end left out where it is long. */
    static String cut(Object value) {
        String text = String.valueOf(value);
        return text.length() <= MOST ? text : text.substring(0, MOST) + "… (" + text.length() + " characters)";
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
