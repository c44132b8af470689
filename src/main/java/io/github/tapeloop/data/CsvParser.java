package io.github.tapeloop.data;

import java.io.IOException;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;

/**
 * A parser that splits CSV into records as RFC 4180 says: values in quotes may hold delimiters, line breaks and
 * doubled quotes. Lines end with CR, LF or both; empty lines are passed over. Holds one record at a time.
 */
final class CsvParser implements AutoCloseable {

    /** A quote that is never closed, or a file without line breaks, must not be read into memory as a whole. */
    static final int LARGEST_RECORD = 1 << 24;

    /** Values take more memory than their characters. */
    static final int MOST_VALUES = 1 << 20;

    private static final int END = -1;
    private static final int BYTE_ORDER_MARK = 0xfeff;

    private final String name;
    private final Reader in;
    private final char delimiter;
    private final char[] buffer = new char[1 << 15];
    private final StringBuilder value = new StringBuilder();
    private int next;
    private int limit;
    private boolean atStart = true;
    private long line = 1;
    private long recordLine;
    private int recordLength;

    /** @param name of the file, for messages */
    CsvParser(String name, Reader in, char delimiter) {
        this.name = name;
        this.in = in;
        this.delimiter = delimiter;
    }

    /** The line, from 1, on which the last record began. */
    long line() {
        return recordLine;
    }

    /** The line that is read now. */
    long currentLine() {
        return line;
    }

    /** Passes over some lines, whatever is in them. */
    void skipLines(int lines) throws IOException {
        for (int i = 0; i < lines; i++) {
            while (peek() != END && peek() != '\r' && peek() != '\n') {
                next++;
            }
            if (peek() == END) {
                return;
            }
            endLine();
        }
    }

    /** The next record, or an empty list at the end: every record has one value at least. */
    List<String> next() throws IOException {
        if (atStart && peek() == BYTE_ORDER_MARK) {
            next++;
        }
        atStart = false;
        while (peek() == '\r' || peek() == '\n') {
            endLine();
        }
        recordLine = line;
        recordLength = 0;
        List<String> values = new ArrayList<>();
        if (peek() == END) {
            return values;
        }
        while (true) {
            values.add(peek() == '"' ? quoted(values.size()) : plain(values.size()));
            int after = peek();
            if (after == delimiter) {
                next++;
                grow(1);
                if (values.size() == MOST_VALUES) {
                    throw damage(
                            values.size(),
                            "the record has more than " + MOST_VALUES + " values; is " + (char) after
                                    + " what stands between values, and are there line breaks?");
                }
            } else {
                if (after != END) {
                    endLine();
                }
                return values;
            }
        }
    }

    private String plain(int column) throws IOException {
        value.setLength(0);
        while (true) {
            if (peek() == END) {
                return value.toString();
            }
            int from = next;
            while (next < limit && !endsPlain(buffer[next])) {
                next++;
            }
            append(from);
            if (next < limit) {
                if (buffer[next] == '"') {
                    throw damage(
                            column,
                            "a quote stands inside a value that does not begin with one; put the value in"
                                    + " quotes and double those inside");
                }
                return value.toString();
            }
        }
    }

    private boolean endsPlain(char c) {
        return c == delimiter || c == '\n' || c == '\r' || c == '"';
    }

    private static boolean endsQuoted(char c) {
        return c == '"' || c == '\n' || c == '\r';
    }

    private String quoted(int column) throws IOException {
        value.setLength(0);
        next++;
        while (true) {
            int c = peek();
            if (c == END) {
                throw damage(
                        column, "the file ends inside a value in quotes; is a quote not closed, or the file cut off?");
            }
            if (c == '"') {
                next++;
                if (peek() != '"') {
                    break;
                }
            }
            int from = next;
            next++;
            if (c == '\r' || c == '\n') {
                line++;
                append(from);
                if (c == '\r' && peek() == '\n') {
                    append(next++);
                }
            } else {
                while (next < limit && !endsQuoted(buffer[next])) {
                    next++;
                }
                append(from);
            }
        }
        int after = peek();
        if (after != delimiter && after != '\n' && after != '\r' && after != END) {
            throw damage(
                    column,
                    "'" + (char) after + "' follows the quote that ends a value; double the quotes inside a"
                            + " value");
        }
        return value.toString();
    }

    private void append(int from) {
        value.append(buffer, from, next - from);
        grow(next - from);
    }

    private void grow(int characters) {
        recordLength += characters;
        if (recordLength > LARGEST_RECORD) {
            throw damage(
                    0,
                    "the record has more than " + LARGEST_RECORD
                            + " characters; is a quote not closed? Are there no line breaks?");
        }
    }

    private DataException damage(int column, String what) {
        return new DataException(name + ", line " + recordLine + ", value " + (column + 1) + ": " + what);
    }

    private void endLine() throws IOException {
        int first = peek();
        next++;
        if (first == '\r' && peek() == '\n') {
            next++;
        }
        line++;
    }

    private int peek() throws IOException {
        if (next == limit) {
            int read = in.read(buffer, 0, buffer.length);
            if (read < 1) {
                return END;
            }
            next = 0;
            limit = read;
        }
        return buffer[next];
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
