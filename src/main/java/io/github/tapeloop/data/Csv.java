package io.github.tapeloop.data;

import io.github.tapeloop.settings.Require;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.regex.Pattern;

/**
 * A CSV file (RFC 4180): values in quotes may hold delimiters, line breaks and doubled quotes. Files compressed with gzip
 * are recognized. Immutable; every method returns a new description.
 *
 * <pre>{@code
 * Dataset irises = Csv.of(Path.of("iris.csv"))
 *         .dataset(new Fields<Row>()
 *                 .input(Column.numbers("sepal_length", "sepal_width"))
 *                 .target(Column.category("species", "setosa", "versicolor", "virginica")));
 * }</pre>
 *
 * <p>A pass reads the file from its beginning, in memory for a record at a time whatever the size of the file, on the
 * thread that assembles batches, and closes it at the end, after an error, and when the pass is closed. Passes in
 * different threads do not meet.
 */
public final class Csv {

    final Path file;
    final char delimiter;
    final Charset charset;
    final List<String> header;
    final Set<String> missing;
    final int skipped;

    private Csv(Path file, char delimiter, Charset charset, List<String> header, Set<String> missing, int skipped) {
        this.file = file;
        this.delimiter = delimiter;
        this.charset = charset;
        this.header = header;
        this.missing = missing;
        this.skipped = skipped;
    }

    /**
     * Describes a file in UTF-8 with commas, whose first record names the columns and whose empty values are missing.
     *
     * @param file the file, read when batches are pulled
     * @return the description
     */
    public static Csv of(Path file) {
        return new Csv(file, ',', StandardCharsets.UTF_8, List.of(), Set.of(), 0);
    }

    /**
     * Sets what stands between two values.
     *
     * @param delimiter a character, such as ';' or '\t'
     * @return this description with that delimiter
     * @throws IllegalArgumentException for a quote or a line break
     */
    public Csv delimiter(char delimiter) {
        if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT, "the delimiter must be no quote and no line break, but got 0x%02x", (int) delimiter));
        }
        return new Csv(file, delimiter, charset, header, missing, skipped);
    }

    /**
     * Sets how bytes become characters. Bytes that make no character are an error.
     *
     * @param charset the encoding of the file
     * @return this description with that encoding
     */
    public Csv charset(Charset charset) {
        return new Csv(file, delimiter, charset, header, missing, skipped);
    }

    /**
     * Names the columns of a file whose first record is data already.
     *
     * @param columns a name for each value of a record
     * @return this description with those names
     * @throws IllegalArgumentException for no name, or one name twice
     */
    public Csv header(String... columns) {
        List<String> names = List.of(columns);
        if (names.isEmpty() || Set.copyOf(names).size() < names.size()) {
            throw new IllegalArgumentException("the columns need a name each, no name twice, but got " + names);
        }
        return new Csv(file, delimiter, charset, names, missing, skipped);
    }

    /**
     * Names texts that mean, as empty ones do, that a value is missing.
     *
     * @param texts such as NA or ?
     * @return this description with those texts
     */
    public Csv missing(String... texts) {
        return new Csv(file, delimiter, charset, header, Set.of(texts), skipped);
    }

    /**
     * Passes over lines before the data, and before the names of the columns: a title, a licence, numbers of rows.
     *
     * @param lines how many
     * @return this description without them
     * @throws IllegalArgumentException for a negative number
     */
    public Csv skipLines(int lines) {
        return new Csv(file, delimiter, charset, header, missing, Require.atLeast(0, "a number of lines", lines));
    }

    /**
     * Describes the records as examples. The size of the dataset is not known before the file is read, so that {@code split}
     * cuts it in its order: {@link Dataset#cache} it and read it once to its end, as adapting a normalization does, to draw
     * rows at random.
     *
     * @param fields what is made of each record
     * @return the dataset
     * @throws IllegalArgumentException for fields without an input
     */
    public Dataset dataset(Fields<Row> fields) {
        List<String> read = fields.bound().stream()
                .flatMap(bound -> bound.field().columns().stream())
                .toList();
        return Dataset.from(new RecordSource<>(new CsvRecords(this, read), fields.bound()));
    }

    @Override
    public String toString() {
        return "Csv[" + file + "]";
    }

    /** One record of a CSV file: its texts by the names of the columns. Immutable. */
    public static final class Row {

        private static final Pattern INFINITY = Pattern.compile("[+-]?inf(inity)?", Pattern.CASE_INSENSITIVE);

        private static final String CURE = "; correct it, or have missing(...) take it for a missing value";
        /** The cause repeats the text. */
        private static final int MOST_OF_A_NUMBER = 80;

        private final CsvRecords.Header header;
        private final List<String> values;
        private final long line;

        Row(CsvRecords.Header header, List<String> values, long line) {
            this.header = header;
            this.values = values;
            this.line = line;
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
            return parsed(column, Row::decimal, "number");
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

        /** Says which line of which file it is. */
        @Override
        public String toString() {
            return header.file() + ", line " + line;
        }
    }

    /**
     * Fields made of the columns of a CSV file. For what is not here, a {@link Field} is made of any function of a {@link
     * Csv.Row}.
     */
    public static final class Column {

        private Column() {}

        /**
         * Columns of numbers side by side. A missing value is an error that names its line and column.
         *
         * @param columns names of the columns
         * @return float32 [number of columns] per record
         * @throws IllegalArgumentException for no column
         */
        public static Field<Csv.Row> numbers(String... columns) {
            List<ToDoubleFunction<Csv.Row>> functions = new ArrayList<>();
            for (String column : columns) {
                functions.add(row -> row.float32(column));
            }
            return Field.<Csv.Row>numbers(functions).ofColumns(columns);
        }

        /**
         * Columns of numbers side by side.
         *
         * @param missing what stands for a missing value
         * @param columns names of the columns
         * @return float32 [number of columns] per record
         * @throws IllegalArgumentException for no column
         */
        public static Field<Csv.Row> numbersOr(double missing, String... columns) {
            List<ToDoubleFunction<Csv.Row>> functions = new ArrayList<>();
            for (String column : columns) {
                functions.add(row -> row.isMissing(column) ? missing : row.float32(column));
            }
            return Field.<Csv.Row>numbers(functions).ofColumns(columns);
        }

        /**
         * A column of integers. A missing value is an error that names its line and column.
         *
         * @param column its name
         * @return int32 [] per record
         */
        public static Field<Csv.Row> integer(String column) {
            return Field.<Csv.Row>integer(row -> row.integer(column)).ofColumns(column);
        }

        /**
         * A column of integers.
         *
         * @param missing what stands for a missing value
         * @param column its name
         * @return int32 [] per record
         */
        public static Field<Csv.Row> integerOr(int missing, String column) {
            return Field.<Csv.Row>integer(row -> row.isMissing(column) ? missing : row.integer(column))
                    .ofColumns(column);
        }

        /**
         * A column of long integers. A missing value is an error that names its line and column.
         *
         * @param column its name
         * @return int64 [] per record
         */
        public static Field<Csv.Row> longInteger(String column) {
            return Field.<Csv.Row>longInteger(row -> row.longInteger(column)).ofColumns(column);
        }

        /**
         * A column of words, each of which stands for a class. Another word is an error that names its line and column.
         *
         * @param column its name
         * @param words the words: the first is class 0
         * @return int32 [] per record
         * @throws IllegalArgumentException for no word, or one word twice
         */
        public static Field<Csv.Row> category(String column, String... words) {
            Map<String, Integer> classes = new HashMap<>();
            for (String word : words) {
                if (classes.put(word, classes.size()) != null) {
                    throw new IllegalArgumentException(
                            "category \"" + column + "\" has the word \"" + word + "\" twice");
                }
            }
            if (classes.isEmpty()) {
                throw new IllegalArgumentException("category \"" + column + "\" needs one word at least");
            }
            List<String> known = List.of(words);
            Field<Csv.Row> field = Field.integer(row -> {
                String word = row.present(column);
                Integer found = classes.get(word);
                if (found == null) {
                    throw row.failure(
                            column,
                            "\"" + Texts.cut(word) + "\" is not one of " + Texts.cut(known)
                                    + "; add it to them, or leave such rows out",
                            null);
                }
                return found;
            });
            return field.ofColumns(column);
        }
    }
}
