package io.github.tapeloop.data;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/** One record of a CSV file: its texts by the names of the columns. Immutable. */
public final class CsvRow {

    private static final Pattern INFINITY = Pattern.compile("[+-]?inf(inity)?", Pattern.CASE_INSENSITIVE);

    private static final String CURE = "; correct it, or have missing(...) take it for a missing value";
    /** The cause repeats the text. */
    private static final int MOST_OF_A_NUMBER = 80;

    private final CsvHeader header;
    private final List<String> values;
    private final long line;

    CsvRow(CsvHeader header, List<String> values, long line) {
        this.header = header;
        this.values = values;
        this.line = line;
    }

    /**
     * What all records of a file share.
     *
     * @param file for messages
     * @param names of the columns, in their order
     * @param positions of the names
     * @param missing texts that mean that a value is missing
     */
    record CsvHeader(String file, List<String> names, Map<String, Integer> positions, Set<String> missing) {

        int position(String column) {
            Integer position = positions.get(column);
            if (position == null) {
                throw new DataException(
                        file + " has no column \"" + column + "\"; its columns are " + Texts.cut(names));
            }
            return position;
        }
    }

    /**
     * Returns the line of the file it begins on.
     *
     * @return 1 for the first
     */
    public long line() {
        return line;
    }

    /**
     * Returns a value as it stands in the file, without its quotes.
     *
     * @param column name of a column
     * @return the text, empty perhaps
     * @throws DataException when the file has no such column
     */
    public String text(String column) {
        return values.get(header.position(column));
    }

    /**
     * Returns whether a value is missing: empty, or one of the texts that {@link Csv#missing} names.
     *
     * @param column name of a column
     * @return whether it is
     * @throws DataException when the file has no such column
     */
    public boolean isMissing(String column) {
        String text = text(column);
        return text.isBlank() || header.missing().contains(text.strip());
    }

    /**
     * Returns a value as a number: a decimal one, as Python and pandas read it, or {@code inf}. A {@code nan} is none:
     * {@link Csv#missing} makes it a missing value.
     *
     * @param column name of a column
     * @return its value
     * @throws DataException when there is no such column, or the value is missing, no number or beyond float64
     */
    public double number(String column) {
        return parsed(column, CsvRow::decimal, "number");
    }

    /**
     * Returns a value as an integer.
     *
     * @param column name of a column
     * @return its value
     * @throws DataException when there is no such column, or the value is missing, no integer or out of range
     */
    public int integer(String column) {
        return parsed(column, Integer::valueOf, "int32");
    }

    /**
     * Returns a value as a long integer.
     *
     * @param column name of a column
     * @return its value
     * @throws DataException when there is no such column, or the value is missing, no integer or out of range
     */
    public long longInteger(String column) {
        return parsed(column, Long::valueOf, "int64");
    }

    /** A number that float32 holds. */
    double float32(String column) {
        double value = number(column);
        if (!Dtype.FLOAT32.holds(value)) {
            throw failure(
                    column,
                    "\"" + Texts.cut(text(column)) + "\" is beyond float32; scale it, or take a doubles field",
                    null);
        }
        return value;
    }

    /** Java alone also reads hexadecimal numbers, letters behind a number, and NaN. */
    private static double decimal(String text) {
        char last = text.charAt(text.length() - 1);
        if (last == '.' || last >= '0' && last <= '9') {
            if (text.indexOf('x') < 0 && text.indexOf('X') < 0) {
                double value = Double.parseDouble(text);
                if (Double.isInfinite(value)) {
                    throw new NumberFormatException("beyond float64");
                }
                return value;
            }
        } else if (INFINITY.matcher(text).matches()) {
            return text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        throw new NumberFormatException("not a decimal number");
    }

    private <N extends Number> N parsed(String column, Function<String, N> parser, String kind) {
        String text = present(column);
        try {
            return parser.apply(text);
        } catch (NumberFormatException e) {
            throw failure(
                    column,
                    "\"" + Texts.cut(text) + "\" is no " + kind + CURE,
                    text.length() < MOST_OF_A_NUMBER ? e : null);
        }
    }

    String present(String column) {
        if (isMissing(column)) {
            throw failure(column, "the value is missing; give the column a default or leave such rows out", null);
        }
        return text(column).strip();
    }

    DataException failure(String column, String what, Throwable cause) {
        return new DataException(header.file() + ", line " + line + ", column \"" + column + "\": " + what, cause);
    }
}
