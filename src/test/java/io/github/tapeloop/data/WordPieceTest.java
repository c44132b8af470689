package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.format.Json;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordPieceTest {

    private static final List<String> SMALL =
            List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "call", "me", "ish", "##mael", ".");

    @TempDir
    Path folder;

    @Test
    void idsAreThoseOfHuggingFace() throws Exception {
        List<String> lines;
        try (InputStream in = WordPieceTest.class.getResourceAsStream("/oracle/word_piece.txt")) {
            lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .toList();
        }
        List<String> vocabulary = ((List<?>) Json.parse(lines.get(0)))
                .stream().map(String.class::cast).toList();
        WordPiece lower = WordPiece.of(Files.write(folder.resolve("vocab.txt"), vocabulary));
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split("\t");
            String text = text(fields[0]);
            assertEquals(fields[1], ids(lower, text), () -> lower + ": " + fields[0]);
            assertEquals(fields[2], ids(lower.keepCase(), text), () -> lower.keepCase() + ": " + fields[0]);
        }
        assertTrue(lines.size() > 40, () -> lines.size() + " lines");
    }

    private static String text(String json) throws Exception {
        return (String) ((List<?>) Json.parse("[" + json + "]")).get(0);
    }

    private static String ids(WordPiece words, String text) {
        return String.join(
                " ", Arrays.stream(words.encode(text)).mapToObj(String::valueOf).toList());
    }

    @Test
    void aTextIsCutOrPaddedToALength() {
        WordPiece words = WordPiece.of(SMALL);
        assertArrayEquals(new int[] {2, 4, 5, 6, 7, 8, 3, 0, 0}, words.encode("Call me Ishmael.", 9));
        assertArrayEquals(new int[] {2, 4, 5, 3}, words.encode("Call me Ishmael.", 4));
        assertArrayEquals(new int[] {2, 3}, words.encode("Call me Ishmael.", 2));
        assertArrayEquals(new int[] {2, 3, 0}, words.encode("", 3));
        assertThrows(IllegalArgumentException.class, () -> words.encode("", 1));
    }

    @Test
    void idsBecomeTextAgain() {
        WordPiece words = WordPiece.of(SMALL);
        assertEquals("call me ishmael .", words.decode(words.encode("Call me ISHMAEL.", 12)));
        assertEquals("[UNK] me", words.decode(words.encode("Tell me")));
        assertEquals("", words.decode());
        assertEquals(
                "There is no piece 9: ids are in [0, 9)",
                assertThrows(IllegalArgumentException.class, () -> words.decode(9))
                        .getMessage());
        assertEquals(9, words.size());
        assertEquals(OptionalInt.of(7), words.id("##mael"));
        assertEquals(OptionalInt.empty(), words.id("mael"));
        assertEquals(List.of("call", "[UNK]"), words.pieces("call Bildad"));
    }

    @Test
    void theDefaultLocaleHasNoSay() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr"));
            assertEquals(List.of("ish"), WordPiece.of(SMALL).pieces("ISH"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void aVocabularyIsHeldAgainstWhatItMustBe() throws Exception {
        assertEquals(
                "The vocabulary has 'me' twice, as lines 6 and 9: each piece has one id",
                refused(IllegalArgumentException.class, "[PAD]\n[UNK]\n[CLS]\n[SEP]\ncall\nme\nish\n##mael\nme\n"));
        assertEquals(
                "The vocabulary of 3 pieces has no [CLS]: it must have [PAD], [UNK], [CLS], [SEP]",
                refused(IllegalArgumentException.class, "[PAD]\r\n[UNK]\r\n[SEP]"));
        assertEquals(
                folder.resolve("v") + ", line 2 has more than 1000 characters: a vocabulary has a piece a line",
                refused(DataException.class, "[PAD]\n" + "x".repeat(5000)));
        Files.write(folder.resolve("b"), new byte[] {'a', '\n', (byte) 0xFF, '\n'});
        assertEquals(
                folder.resolve("b") + ", line 2 is no text in UTF-8",
                assertThrows(DataException.class, () -> WordPiece.of(folder.resolve("b")))
                        .getMessage());
        assertThrows(DataException.class, () -> WordPiece.of(folder.resolve("none")));
    }

    private <E extends Exception> String refused(Class<E> type, String vocabulary) throws Exception {
        Path file = Files.writeString(folder.resolve("v"), vocabulary);
        return assertThrows(type, () -> WordPiece.of(file)).getMessage();
    }
}
