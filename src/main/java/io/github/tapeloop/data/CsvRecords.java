package io.github.tapeloop.data;

import io.github.tapeloop.data.Csv.Row;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The records of a CSV file, read one by one. */
final class CsvRecords implements Records<Row> {

    private final Csv csv;
    private final List<String> read;

    /** @param read columns that are certainly read */
    CsvRecords(Csv csv, List<String> read) {
        this.csv = csv;
        this.read = read;
    }

    /**
     * What all records of a file share.
     *
     * @param file for messages
     * @param names of the columns, in their order
     * @param positions of the names
     * @param missing texts that mean that a value is missing
     */
    record Header(String file, List<String> names, Map<String, Integer> positions, Set<String> missing) {

        int position(String column) {
            Integer position = positions.get(column);
            if (position == null) {
                throw new DataException(
                        file + " has no column \"" + column + "\"; its columns are " + Texts.cut(names));
            }
            return position;
        }
    }

    @Override
    public Reader<Row> open() throws IOException {
        CsvParser parser = new CsvParser(
                csv.file.toString(), new StrictText(Compressed.open(csv.file), csv.charset), csv.delimiter);
        try {
            Header header = header(parser, located(parser, () -> names(parser)));
            read.forEach(header::position);
            return new RowReader(parser, header);
        } catch (RuntimeException | Error e) {
            parser.close();
            throw e;
        }
    }

    private List<String> names(CsvParser parser) throws IOException {
        parser.skipLines(csv.skipped);
        if (!csv.header.isEmpty()) {
            return csv.header;
        }
        List<String> names = parser.next().stream().map(String::strip).toList();
        if (names.isEmpty()) {
            throw new DataException(
                    csv.file + " is empty; expected a record with the names of the columns, or header(...)");
        }
        return names;
    }

    private Header header(CsvParser parser, List<String> columns) {
        Map<String, Integer> positions = new HashMap<>();
        for (String column : columns) {
            if (positions.put(column, positions.size()) != null) {
                throw new DataException(csv.file + ", line " + parser.line() + ": there are two columns \""
                        + Texts.cut(column)
                        + "\"; give the columns other names with header(...) and leave this line out with"
                        + " skipLines(" + (parser.line()) + ")");
            }
        }
        return new Header(csv.file.toString(), columns, positions, csv.missing);
    }

    @FunctionalInterface
    private interface Reading<R> {
        R read() throws IOException;
    }

    /** What of the file is read, with the place of a failure. */
    private <R> R located(CsvParser parser, Reading<R> reading) {
        try {
            return reading.read();
        } catch (CharacterCodingException e) {
            throw new DataException(
                    csv.file + ", line " + parser.currentLine() + ": bytes that are not " + csv.charset
                            + "; give the file's own with charset(...)",
                    e);
        } catch (IOException e) {
            throw Compressed.failure(csv.file + ", line " + parser.currentLine(), e);
        }
    }

    @Override
    public boolean isText() {
        return true;
    }

    @Override
    public String where(long number) {
        return "record " + number + " of " + csv.file;
    }

    private final class RowReader implements Reader<Row> {

        private final CsvParser parser;
        private final Header header;

        RowReader(CsvParser parser, Header header) {
            this.parser = parser;
            this.header = header;
        }

        @Override
        public Optional<Row> next() {
            List<String> values = located(parser, parser::next);
            if (values.isEmpty()) {
                return Optional.empty();
            }
            List<String> names = header.names();
            if (values.size() != names.size()) {
                throw new DataException(csv.file + ", line " + parser.line() + ": expected "
                        + names.size() + " values, " + Texts.cut(names) + ", but got " + values.size()
                        + "; set what stands between values with delimiter(...), put values that hold it in quotes, or"
                        + " leave lines before the data out with skipLines(...)");
            }
            return Optional.of(new Row(header, values, parser.line()));
        }

        @Override
        public void close() throws IOException {
            parser.close();
        }
    }
}
