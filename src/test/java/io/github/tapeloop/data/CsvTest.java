package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {

    @TempDir
    Path folder;

    private static List<List<String>> parse(String text) throws IOException {
        try (CsvParser parser = new CsvParser("text", new StringReader(text), ',')) {
            List<List<String>> records = new ArrayList<>();
            for (List<String> values = parser.next(); !values.isEmpty(); values = parser.next()) {
                records.add(values);
            }
            return records;
        }
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("data.csv"), text);
    }

    private static String failureOf(Dataset data) {
        return assertThrows(DataException.class, () -> Values.sizes(data.batch(100)))
                .getMessage();
    }

    @Test
    void aMissingFileIsNamedFromTheRoot() {
        Path file = Path.of("no-such-folder", "nowhere.csv");
        String message = failureOf(Csv.of(file).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a"))));
        assertEquals("There is no file " + file.toAbsolutePath(), message);
    }

    @Test
    void aCachedFileCanBeSplitOnceItWasRead() throws IOException {
        Dataset data = Csv.of(file("a\n1\n2\n3\n4\n"))
                .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a")))
                .cache();
        assertEquals(OptionalLong.empty(), data.splitTail(0.25).first().size());
        Values.sizes(data.batch(2));
        assertEquals(List.of(3), Values.sizes(data.splitTail(0.25).first().batch(9)));
        assertEquals(List.of(1), Values.sizes(data.splitTail(0.25).second().batch(9)));
    }

    @Test
    void recordsAreSplitAsTheRfcSays() throws IOException {
        assertEquals(List.of(List.of("a", "b"), List.of("1", "2")), parse("a,b\r\n1,2\r\n"));
        assertEquals(List.of(List.of("a", "b"), List.of("1", "2")), parse("\ufeffa,b\n\n1,2"));
        assertEquals(List.of(List.of("a", ""), List.of("", "2")), parse("a,\r,2"));
        assertEquals(
                List.of(List.of("x, y", "he said \"no\"", "two\r\nlines\rand\nmore", "")),
                parse("\"x, y\",\"he said \"\"no\"\"\",\"two\r\nlines\rand\nmore\",\"\"\n"));
        assertEquals(List.of(), parse(""));
        assertEquals(List.of(), parse("\r\n\n"));
        assertEquals(List.of(List.of(" a ", "b")), parse(" a ,b"));
    }

    @Test
    void valuesAcrossTheBufferAreWhole() throws IOException {
        String half = "x".repeat((1 << 15) - 3);
        for (String tail : List.of("yy\r\n", "y\r\n", "\r\n", "yyy\r\n")) {
            assertEquals(List.of(List.of(half + tail.strip()), List.of("z")), parse(half + tail + "z"));
            String quoted = half + tail + "\"";
            assertEquals(List.of(List.of(quoted), List.of("z")), parse("\"" + quoted.replace("\"", "\"\"") + "\"\nz"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "a,b\\n\"1|line 2, value 1: the file ends inside",
                "a\\n\"x\\ny\"\\n1,2\"|line 4, value 2: a quote stands inside",
                "a\\n\"1\"2|line 2, value 1: '2' follows the quote",
            })
    void badQuotesAreNamedWithTheirLine(String text, String expected) {
        String message = assertThrows(DataException.class, () -> parse(text.replace("\\n", "\n")))
                .getMessage();
        assertTrue(message.startsWith("text, ") && message.contains(expected), message);
    }

    @Test
    void aQuoteThatIsNeverClosedIsNotReadToTheEnd() {
        String text = "a\n\"" + "x".repeat(CsvParser.LARGEST_RECORD + (1 << 16));
        String message = assertThrows(DataException.class, () -> parse(text)).getMessage();
        assertTrue(message.contains("is a quote not closed?"), message);
    }

    @Test
    void columnsBecomeNumbersClassesAndDefaults() throws IOException {
        Dataset data = Csv.of(file("id;age;job;rooms\n1;30;\"clerk\";2\n\n2;NA;nurse;\n3; 1.5e1 ;clerk;7\n"))
                .delimiter(';')
                .missing("NA")
                .dataset(new Fields<Csv.Row>()
                        .input(Csv.Column.numbersOr(-1, "age", "rooms"))
                        .input("id", Csv.Column.longInteger("id"))
                        .target(Csv.Column.category("job", "nurse", "clerk"))
                        .target("rooms", Csv.Column.integerOr(9, "rooms")));
        for (int pass = 0; pass < 2; pass++) {
            try (BatchIterator batches = data.batch(3).open(0, pass)) {
                Batch batch = batches.next();
                assertEquals(List.of(30f, 2f, -1f, -1f, 15f, 7f), Values.input(batch));
                assertEquals(List.of(1, 0, 1), Values.target(batch));
            }
        }
    }

    @Test
    void aFileWithoutAHeaderGetsNamesAndGzipAndCharsetsAreRead() throws IOException {
        Path file = folder.resolve("data.csv.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write("1,é\n2,é\n".getBytes(StandardCharsets.ISO_8859_1));
        }
        Fields<Csv.Row> fields =
                new Fields<Csv.Row>().input(Csv.Column.numbers("x")).target(Csv.Column.category("y", "a", "é"));
        Csv csv = Csv.of(file).header("x", "y");
        try (BatchIterator batches = csv.charset(StandardCharsets.ISO_8859_1)
                .dataset(fields)
                .batch(2)
                .open(0, 0)) {
            assertEquals(List.of(1, 1), Values.target(batches.next()));
        }
        String message = failureOf(csv.dataset(fields));
        assertTrue(message.contains("bytes that are not UTF-8"), message);
    }

    @Test
    void badValuesAreNamedWithFileLineAndColumn() throws IOException {
        Path file = file("a,b\n1,2\n\"3\n\",x\n,5\n6,7,8\n");
        Csv csv = Csv.of(file);
        String missing = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a"))));
        assertTrue(missing.contains("data.csv, line 5, column \"a\": the value is missing"), missing);
        String word = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("b"))));
        assertTrue(word.contains("data.csv, line 3, column \"b\": \"x\" is no number"), word);
        String integer = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.integer("b"))));
        assertTrue(integer.contains("line 3") && integer.contains("no int32"), integer);
        String category = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.category("b", "2"))));
        assertTrue(category.contains("\"x\" is not one of [2]"), category);
        String column = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("c"))));
        assertTrue(column.contains("has no column \"c\"") && column.contains("[a, b]"), column);
        String width = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.numbersOr(0, "a"))));
        assertTrue(width.contains("line 6: expected 2 values") && width.contains("but got 3"), width);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"12f", "1.5F", "1d", "2D", "0x1p3", "-0X1P3", "1_000", "1e", "--1", "NaN", "nan", "infinit"})
    void whatPythonDoesNotReadAsANumberIsRefused(String text) throws IOException {
        Path file = file("a\n1\n" + text + "\n");
        String message = failureOf(Csv.of(file).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a"))));
        assertTrue(message.contains("data.csv, line 3, column \"a\": \"" + text + "\" is no number"), message);
    }

    @Test
    void numbersAreWrittenAsPythonWritesThem() throws IOException {
        Path file = file("a\n 1.5e-1 \n+.5\n2.\n-7E2\ninf\n-Infinity\n+INF\n");
        try (BatchIterator batches = Csv.of(file)
                .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a")))
                .batch(9)
                .open(0, 0)) {
            float infinity = Float.POSITIVE_INFINITY;
            assertEquals(List.of(0.15f, 0.5f, 2f, -700f, infinity, -infinity, infinity), Values.input(batches.next()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 99, 1000, 5000})
    void bytesThatAreNoTextAreNamedWithTheirLine(int before) throws IOException {
        Path file = folder.resolve("latin.csv");
        for (boolean header : new boolean[] {false, true}) {
            String good = (header ? "a,b\n" : "") + "1,e\n".repeat(before);
            Files.write(file, (good + "1,é\n2,e\n").getBytes(StandardCharsets.ISO_8859_1));
            Csv csv = header ? Csv.of(file) : Csv.of(file).header("a", "b");
            String message = failureOf(csv.dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a"))));
            assertEquals(
                    file + ", line " + (before + (header ? 2 : 1)) + ": bytes that are not UTF-8; give the file's own"
                            + " with charset(...)",
                    message);
        }
    }

    @Test
    void bytesThatAreNoTextAreFoundInTheHeaderInQuotesAndAtTheEnd() throws IOException {
        Path file = folder.resolve("latin.csv");
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("a"));
        for (String text : List.of("é,a\n1,2\n", "\"x\ny\",a\n1,é\n", "b,a\n1,2\n\"\n\né\",3\n", "b,a\n1,2\né")) {
            Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
            long line = 1 + text.substring(0, text.indexOf('é')).lines().count();
            long begun = text.substring(0, text.indexOf('é')).endsWith("\n") ? line : Math.max(1, line - 1);
            String message = failureOf(Csv.of(file).dataset(fields));
            assertTrue(message.contains("latin.csv, line " + begun + ": bytes that are not UTF-8"), message);
        }
        Files.write(file, new byte[] {'a', '\n', '1', '\n', (byte) 0xc3});
        assertTrue(failureOf(Csv.of(file).dataset(fields)).contains("line 3: bytes"));
    }

    @Test
    void linesBeforeTheDataArePassedOver() throws IOException {
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("a"));
        Path file = file("150,4,\"setosa\n\r\n# a licence\ra,b\n1,2\n");
        try (BatchIterator batches =
                Csv.of(file).skipLines(3).dataset(fields).batch(9).open(0, 0)) {
            assertEquals(List.of(1f), Values.input(batches.next()));
        }
        try (BatchIterator batches = Csv.of(file)
                .skipLines(4)
                .header("a", "b")
                .dataset(fields)
                .batch(9)
                .open(0, 0)) {
            assertEquals(List.of(1f), Values.input(batches.next()));
        }
        assertTrue(failureOf(Csv.of(file).skipLines(99).dataset(fields)).contains("is empty"));
        assertThrows(IllegalArgumentException.class, () -> Csv.of(file).skipLines(-1));
        String wide = failureOf(
                Csv.of(file("120,4,x\na,b\n1,2\n")).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("120"))));
        assertTrue(wide.contains("line 2: expected 3 values") && wide.contains("skipLines("), wide);
    }

    @Test
    void aFileWithoutRecordsIsAskedForItsColumns() throws IOException {
        for (Field<Csv.Row> field : List.of(
                Csv.Column.numbers("a", "c"),
                Csv.Column.numbersOr(0, "c"),
                Csv.Column.integer("c"),
                Csv.Column.integerOr(0, "c"),
                Csv.Column.longInteger("c"),
                Csv.Column.category("c", "x"))) {
            String message = failureOf(Csv.of(file("a,b\n")).dataset(new Fields<Csv.Row>().input(field)));
            assertTrue(message.contains("has no column \"c\"; its columns are [a, b]"), message);
        }
    }

    @Test
    void wholeNumbersAreTheirOwn() throws IOException {
        Path file = file("i,l,m\n-2147483648,-9223372036854775808,\n2147483647,9223372036854775807,7\n+5,0,-1\n");
        Fields<Csv.Row> fields = new Fields<Csv.Row>()
                .input("i", Csv.Column.integer("i"))
                .input("l", Csv.Column.longInteger("l"))
                .input("m", Csv.Column.integerOr(-9, "m"))
                .input("line", Field.longInteger(Csv.Row::line));
        Source source = Csv.of(file).dataset(fields).source;
        List<List<Long>> rows = new ArrayList<>();
        try (Cursor cursor = source.open(0, 0)) {
            while (cursor.advance()) {
                HeldExample example = HeldExample.of(source.columns(), cursor.example());
                rows.add(List.of(
                        (long) ((int[]) example.elements(0))[0],
                        ((long[]) example.elements(1))[0],
                        (long) ((int[]) example.elements(2))[0],
                        ((long[]) example.elements(3))[0]));
            }
        }
        assertEquals(
                List.of(
                        List.of((long) Integer.MIN_VALUE, Long.MIN_VALUE, -9L, 2L),
                        List.of((long) Integer.MAX_VALUE, Long.MAX_VALUE, 7L, 3L),
                        List.of(5L, 0L, -1L, 4L)),
                rows);
        for (String beyond : List.of("2147483648,1,1", "1,9223372036854775808,1", "1.0,1,1", "1,1,1e3")) {
            assertTrue(failureOf(Csv.of(file("i,l,m\n" + beyond + "\n")).dataset(fields))
                    .contains("line 2, column \""));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e39", "-1e39", "3.5e38", "1e400", "-1e400"})
    void numbersBeyondTheirTypeAreRefused(String text) throws IOException {
        Path file = file("a\n1\n" + text + "\n");
        for (Field<Csv.Row> field : List.of(
                Csv.Column.numbers("a"),
                Csv.Column.numbersOr(0, "a"),
                Field.<Csv.Row>numbers(row -> row.number("a")),
                Field.<Csv.Row>number(row -> row.number("a")))) {
            String message = failureOf(Csv.of(file).dataset(new Fields<Csv.Row>().input(field)));
            assertTrue(message.contains("data.csv") && message.contains(";"), message);
        }
        String message = failureOf(Csv.of(file).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a"))));
        assertTrue(message.contains("line 3, column \"a\": \"" + text + "\""), message);
    }

    @Test
    void whatFloat32HoldsIsRead() throws IOException {
        Path file = file("a\n3.4e38\n-3.4028235e38\n1e-60\n");
        try (BatchIterator batches = Csv.of(file)
                .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a")))
                .batch(9)
                .open(0, 0)) {
            assertEquals(List.of(3.4e38f, -Float.MAX_VALUE, 0f), Values.input(batches.next()));
        }
    }

    @Test
    void quotesAtTheEndOfTheBufferAreWhole() throws IOException {
        int buffer = 1 << 15;
        for (int before = buffer - 6; before <= buffer + 2; before++) {
            String x = "x".repeat(before);
            assertEquals(List.of(List.of(x, "y"), List.of("z")), parse("\"" + x + "\",\"y\"\r\nz"));
            assertEquals(List.of(List.of(x + "\"", "\"")), parse("\"" + x + "\"\"\",\"\"\"\""));
            assertEquals(List.of(List.of(x + "\r\n", "y")), parse("\"" + x + "\r\n\",y"));
        }
    }

    @Test
    void aPassClosesItsFile() throws IOException {
        java.util.concurrent.atomic.AtomicInteger closed = new java.util.concurrent.atomic.AtomicInteger();
        StringReader reader = new StringReader("a\n1\n") {
            @Override
            public void close() {
                closed.incrementAndGet();
                super.close();
            }
        };
        try (CsvParser parser = new CsvParser("text", reader, ',')) {
            assertEquals(List.of("a"), parser.next());
        }
        assertEquals(1, closed.get());
        Path file = file("a\n" + "1\n".repeat(100_000));
        Path open = Path.of("/proc/self/fd");
        if (Files.isDirectory(open)) {
            Batches batches = Csv.of(file)
                    .dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("a")))
                    .batch(2);
            for (int i = 0; i < 3; i++) {
                try (BatchIterator pass = batches.open(0, 0)) {
                    pass.next();
                    assertEquals(1, open(file));
                }
                assertEquals(0, open(file));
            }
            failureOf(Csv.of(file).dataset(new Fields<Csv.Row>().input(Csv.Column.numbers("b"))));
            assertEquals(0, open(file), "after a failure to open");
        }
    }

    private static long open(Path file) throws IOException {
        try (java.util.stream.Stream<Path> handles = Files.list(Path.of("/proc/self/fd"))) {
            return handles.filter(handle -> {
                        try {
                            return Files.readSymbolicLink(handle).equals(file.toRealPath());
                        } catch (IOException e) {
                            return false; // It was closed since.
                        }
                    })
                    .count();
        }
    }

    @Test
    void filesThatAreNoCsvAreNamed() throws IOException {
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("a"));
        assertTrue(failureOf(Csv.of(folder.resolve("none.csv")).dataset(fields)).contains("none.csv"));
        assertTrue(failureOf(Csv.of(file("")).dataset(fields)).contains("is empty"));
        assertTrue(failureOf(Csv.of(file("a,a\n1,2\n")).dataset(fields)).contains("two columns \"a\""));
        assertThrows(IllegalArgumentException.class, () -> Csv.of(folder).delimiter('"'));
        assertThrows(IllegalArgumentException.class, () -> Csv.of(folder).header("a", "a"));
        assertThrows(IllegalArgumentException.class, () -> Csv.Column.category("a", "x", "x"));
        assertThrows(IllegalArgumentException.class, Csv.Column::numbers);
    }

    @Test
    void charactersThatNobodySeesAreNamedByTheirCodes() throws IOException {
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("a"));
        assertTrue(failureOf(Csv.of(file("\0\0\n\0")).dataset(fields)).contains("its columns are [\\u0000\\u0000]"));
        String turned = failureOf(Csv.of(file("a\n\u202e\u001b[2J1\n")).dataset(fields));
        assertTrue(turned.contains("\"\\u202e\\u001b[2J1\" is no number"), turned);
        String many = failureOf(Csv.of(file("a\n" + "\0".repeat(1000) + "\n")).dataset(fields));
        assertTrue(many.contains("\\u0000… (1000 characters)") && many.length() < 800, many);
        String names = failureOf(Csv.of(file("größe,\uD83D\uDE00\n1,2\n")).dataset(fields));
        assertTrue(names.contains("[größe, \uD83D\uDE00]"), names);
    }

    @Test
    void numbersEndWithAnyDigit() throws IOException {
        StringBuilder text = new StringBuilder("a\n");
        List<Object> expected = new ArrayList<>();
        for (int digit = 0; digit < 10; digit++) {
            text.append("0.12").append(digit).append('\n');
            expected.add((120 + digit) / 1000f);
        }
        assertEquals(expected, read(file(text.toString()), Csv.Column.numbers("a")));
    }

    private static List<Object> read(Path file, Field<Csv.Row> field) {
        try (BatchIterator batches = Csv.of(file)
                .missing("NA")
                .dataset(new Fields<Csv.Row>().input(field))
                .batch(99)
                .open(0, 0)) {
            return Values.input(batches.next());
        }
    }

    @Test
    void spacesBelongNeitherToNamesNorToWhatIsMissing() throws IOException {
        Path file = file(" a , b\n1,2\n NA ,3\n  ,4\n");
        assertEquals(List.of(1f, 9f, 9f), read(file, Csv.Column.numbersOr(9, "a")));
        assertEquals(List.of(2f, 3f, 4f), read(file, Csv.Column.numbers("b")));
    }

    @Test
    void twoColumnsOfOneNameAreCuredByLeavingTheirLineOut() throws IOException {
        Path file = file("a title\n\na,a\n1,2\n");
        Fields<Csv.Row> fields = new Fields<Csv.Row>().input(Csv.Column.numbers("x"));
        String message = failureOf(Csv.of(file).skipLines(1).dataset(fields));
        assertTrue(
                message.contains("line 3: there are two columns \"a\"") && message.contains("skipLines(3)"), message);
        assertEquals(
                List.of(1),
                Values.sizes(Csv.of(file)
                        .skipLines(3)
                        .header("x", "y")
                        .dataset(fields)
                        .batch(9)));
    }

    /** The cause repeats what was in the file. */
    @Test
    void aShortTextIsItsOwnCauseAndALongOneIsNot() throws IOException {
        for (int length : new int[] {3, 79, 80, 5000}) {
            Path file = file("a\n" + "z".repeat(length) + "\n");
            Throwable failure = assertThrows(DataException.class, () -> read(file, Csv.Column.integer("a")));
            while (failure.getCause() instanceof DataException) {
                failure = failure.getCause();
            }
            assertEquals(length < 80, failure.getCause() instanceof NumberFormatException, "" + length);
        }
    }

    /** A line ends with CR and LF, also where they are in two buffers. */
    @Test
    void linesAreCountedAcrossTheBuffer() throws IOException {
        int buffer = 1 << 15;
        for (int before = buffer - 4; before <= buffer + 1; before++) {
            for (String first : List.of("x".repeat(before), "\"" + "x".repeat(before) + "\r\n\"")) {
                try (CsvParser parser = new CsvParser("text", new StringReader(first + "\r\nz"), ',')) {
                    parser.next();
                    assertEquals(1, parser.line());
                    assertEquals(List.of("z"), parser.next());
                    assertEquals(first.startsWith("\"") ? 3 : 2, parser.line(), "after " + before);
                }
            }
        }
    }

    @Test
    void aByteOrderMarkIsOneAtTheBeginningOnly() throws IOException {
        assertEquals(List.of(List.of("a"), List.of("\ufeffb")), parse("\ufeffa\n\ufeffb"));
    }
}
