package io.github.tapeloop.data;

import io.github.tapeloop.data.CsvRow.CsvHeader;
import io.github.tapeloop.settings.Require;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A CSV file (RFC 4180): values in quotes may hold delimiters, line breaks and doubled quotes. Files compressed with gzip
 * are recognized. Immutable; every method returns a new description.
 *
 * <pre>{@code
 * Dataset irises = Csv.of(Path.of("iris.csv"))
 *         .dataset(new Fields<CsvRow>()
 *                 .input(CsvField.numbers("sepal_length", "sepal_width"))
 *                 .target(CsvField.category("species", "setosa", "versicolor", "virginica")));
 * }</pre>
 *
 * <p>A pass reads the file from its beginning, in memory for a record at a time whatever the size of the file, on the
 * thread that assembles batches, and closes it at the end, after an error, and when the pass is closed. Passes in
 * different threads do not meet.
 */
public final class Csv {

    private final Path file;
    private final char delimiter;
    private final Charset charset;
    private final List<String> header;
    private final Set<String> missing;
    private final int skipped;

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
            throw new IllegalArgumentException(
                    String.format("the delimiter must be no quote and no line break, but got 0x%02x", (int) delimiter));
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
    public Dataset dataset(Fields<CsvRow> fields) {
        List<String> read = fields.bound().stream()
                .flatMap(bound -> bound.field().columns().stream())
                .toList();
        return Dataset.from(new RecordSource<>(new File(read), fields.bound()));
    }

    @Override
    public String toString() {
        return "Csv[" + file + "]";
    }

    @FunctionalInterface
    private interface Reading<R> {
        R read() throws IOException;
    }

    /** What of the file is read, with the place of a failure. */
    private <R> R read(CsvParser parser, Reading<R> reading) {
        try {
            return reading.read();
        } catch (CharacterCodingException e) {
            throw new DataException(
                    file + ", line " + parser.currentLine() + ": bytes that are not " + charset
                            + "; give the file's own with charset(...)",
                    e);
        } catch (IOException e) {
            throw Compressed.failure(file + ", line " + parser.currentLine(), e);
        }
    }

    private final class File implements Records<CsvRow> {

        private final List<String> read;

        /** @param read columns that are certainly read */
        File(List<String> read) {
            this.read = read;
        }

        @Override
        public Reader<CsvRow> open() throws IOException {
            CsvParser parser =
                    new CsvParser(file.toString(), new StrictText(Compressed.open(file), charset), delimiter);
            try {
                RowReader reader = new RowReader(parser, read(parser, () -> first(parser)));
                read.forEach(reader.names::position);
                return reader;
            } catch (RuntimeException | Error e) {
                parser.close();
                throw e;
            }
        }

        private List<String> first(CsvParser parser) throws IOException {
            parser.skipLines(skipped);
            if (!header.isEmpty()) {
                return header;
            }
            List<String> names = parser.next().stream().map(String::strip).toList();
            if (names.isEmpty()) {
                throw new DataException(
                        file + " is empty; expected a record with the names of the columns, or header(...)");
            }
            return names;
        }

        @Override
        public boolean isText() {
            return true;
        }

        @Override
        public String where(long number) {
            return "record " + number + " of " + file;
        }
    }

    private final class RowReader implements Records.Reader<CsvRow> {

        private final CsvParser parser;
        private final CsvHeader names;

        RowReader(CsvParser parser, List<String> columns) {
            this.parser = parser;
            Map<String, Integer> positions = new HashMap<>();
            for (String column : columns) {
                if (positions.put(column, positions.size()) != null) {
                    throw new DataException(file + ", line " + parser.line() + ": there are two columns \""
                            + Texts.cut(column)
                            + "\"; give the columns other names with header(...) and leave this line out with"
                            + " skipLines(" + (parser.line()) + ")");
                }
            }
            this.names = new CsvHeader(file.toString(), columns, positions, missing);
        }

        @Override
        public Optional<CsvRow> next() {
            List<String> values = read(parser, parser::next);
            if (values.isEmpty()) {
                return Optional.empty();
            }
            if (values.size() != names.names().size()) {
                throw new DataException(file + ", line " + parser.line() + ": expected "
                        + names.names().size() + " values, " + Texts.cut(names.names()) + ", but got " + values.size()
                        + "; set what stands between values with delimiter(...), put values that hold it in quotes, or"
                        + " leave lines before the data out with skipLines(...)");
            }
            return Optional.of(new CsvRow(names, values, parser.line()));
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }
}
