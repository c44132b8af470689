package io.github.tapeloop.data;

import io.github.tapeloop.data.CsvRow.CsvHeader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
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

    private Csv(Path file, char delimiter, Charset charset, List<String> header, Set<String> missing) {
        this.file = file;
        this.delimiter = delimiter;
        this.charset = charset;
        this.header = header;
        this.missing = missing;
    }

    /**
     * Describes a file in UTF-8 with commas, whose first record names the columns and whose empty values are missing.
     *
     * @param file the file, read when batches are pulled
     * @return the description
     */
    public static Csv of(Path file) {
        return new Csv(file, ',', StandardCharsets.UTF_8, List.of(), Set.of());
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
        return new Csv(file, delimiter, charset, header, missing);
    }

    /**
     * Sets how bytes become characters. Bytes that make no character are an error.
     *
     * @param charset the encoding of the file
     * @return this description with that encoding
     */
    public Csv charset(Charset charset) {
        return new Csv(file, delimiter, charset, header, missing);
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
        return new Csv(file, delimiter, charset, names, missing);
    }

    /**
     * Names texts that mean, as empty ones do, that a value is missing.
     *
     * @param texts such as NA or ?
     * @return this description with those texts
     */
    public Csv missing(String... texts) {
        return new Csv(file, delimiter, charset, header, Set.of(texts));
    }

    /**
     * Describes the records as examples. The size of the dataset is not known before the file is read, and {@code split}
     * asks for it: {@link Dataset#cache} it and read it once to its end, as adapting a normalization does.
     *
     * @param fields what is made of each record
     * @return the dataset
     * @throws IllegalArgumentException for fields without an input
     */
    public Dataset dataset(Fields<CsvRow> fields) {
        return Dataset.from(new RecordSource<>(new File(), fields.bound()));
    }

    @Override
    public String toString() {
        return "Csv[" + file + "]";
    }

    private final class File implements Records<CsvRow> {

        @Override
        public Reader<CsvRow> open() throws IOException {
            InputStreamReader text = new InputStreamReader(Compressed.open(file), strictDecoder());
            CsvParser parser = new CsvParser(file.toString(), text, delimiter);
            try {
                return new RowReader(parser, header.isEmpty() ? first(parser) : header);
            } catch (IOException | RuntimeException | Error e) {
                parser.close();
                throw e;
            }
        }

        private CharsetDecoder strictDecoder() {
            return charset.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT);
        }

        private List<String> first(CsvParser parser) throws IOException {
            List<String> names = parser.next().stream().map(String::strip).toList();
            if (names.isEmpty()) {
                throw new DataException(file + " is empty; expected a record with the names of the columns");
            }
            return names;
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
                    throw new DataException(file + " has two columns \"" + column
                            + "\"; give the columns other names with header(...) and leave the first record out with"
                            + " skip(1)");
                }
            }
            this.names = new CsvHeader(file.toString(), columns, positions, missing);
        }

        @Override
        public Optional<CsvRow> next() throws IOException {
            List<String> values;
            try {
                values = parser.next();
            } catch (CharacterCodingException e) {
                throw new DataException(
                        file + ", after line " + parser.line() + ": bytes that are not " + charset
                                + "; give the file's own with charset(...)",
                        e);
            }
            if (values.isEmpty()) {
                return Optional.empty();
            }
            if (values.size() != names.names().size()) {
                throw new DataException(file + ", line " + parser.line() + ": expected "
                        + names.names().size() + " values, " + names.names() + ", but got " + values.size());
            }
            return Optional.of(new CsvRow(names, values, parser.line()));
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }
}
