package io.github.tapeloop.data;

import io.github.tapeloop.settings.Require;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Cuts text into the pieces of words that BERT and its kin know, and gives the ids of these (Wu et al. 2016; Devlin et al.
 * 2019): the same as HuggingFace's {@code BertWordPieceTokenizer}, but that markers such as {@code [SEP]} in a text are text.
 *
 * <pre>{@code
 * WordPiece words = WordPiece.of(Path.of("vocab.txt"));
 * int[] ids = words.encode("Call me Ishmael.", 16); // [CLS] call me ish ##mael . [SEP] [PAD] …
 * }</pre>
 *
 * <p>Text is cleaned of control characters, lower-cased and rid of accents, unless {@link #keepCase}, and cut at white space, at
 * each mark of punctuation and around each Chinese character. Of a word the longest piece that the vocabulary has comes first,
 * then the longest of the rest with {@code ##} before it, and so on; a word that has no such pieces, or more than 100
 * characters, is {@code [UNK]}. Immutable, and safe for any number of threads.
 */
public final class WordPiece {

    private static final String PAD = "[PAD]";
    private static final String UNKNOWN = "[UNK]";
    private static final String BEGIN = "[CLS]";
    private static final String END = "[SEP]";
    private static final List<String> MARKERS = List.of(PAD, UNKNOWN, BEGIN, END);
    private static final String INNER = "##";
    private static final int LONGEST_WORD = 100;
    private static final int LONGEST_LINE = 1000;
    private static final int[][] CHINESE = {
        {0x4E00, 0x9FFF},
        {0x3400, 0x4DBF},
        {0x20000, 0x2A6DF},
        {0x2A700, 0x2B73F},
        {0x2B740, 0x2B81F},
        {0x2B820, 0x2CEAF},
        {0xF900, 0xFAFF},
        {0x2F800, 0x2FA1F}
    };

    private final Map<String, Integer> ids;
    private final List<String> pieces;
    private final boolean keepsCase;
    private final int longestPiece;

    private WordPiece(Map<String, Integer> ids, boolean keepsCase) {
        this.ids = ids;
        this.pieces = List.copyOf(ids.keySet());
        this.keepsCase = keepsCase;
        this.longestPiece = pieces.stream().mapToInt(String::length).max().orElse(0);
    }

    /**
     * Reads a vocabulary, {@code vocab.txt} of a model.
     *
     * @param file a piece a line, the first of id 0, in UTF-8
     * @return what cuts text into these pieces, lower-cased
     * @throws DataException if the file cannot be read, or is no text; names file and line
     * @throws IllegalArgumentException if it has a piece twice, or not [PAD], [UNK], [CLS] and [SEP]
     */
    public static WordPiece of(Path file) {
        List<String> lines = new ArrayList<>();
        try (Reader reader = new BufferedReader(new StrictText(Compressed.open(file), StandardCharsets.UTF_8))) {
            StringBuilder line = new StringBuilder();
            for (int character = reader.read(); character >= 0; character = reader.read()) {
                if (character == '\n') {
                    lines.add(line.toString());
                    line.setLength(0);
                } else if (character != '\r') {
                    line.append((char) character);
                }
                if (line.length() > LONGEST_LINE) {
                    throw new DataException(at(file, lines) + " has more than " + LONGEST_LINE
                            + " characters: a vocabulary has a piece a line");
                }
            }
            if (line.length() > 0) {
                lines.add(line.toString());
            }
        } catch (CharacterCodingException e) {
            throw new DataException(at(file, lines) + " is no text in UTF-8", e);
        } catch (IOException e) {
            throw new DataException(at(file, lines) + " cannot be read: " + e.getMessage(), e);
        }
        return of(lines);
    }

    private static String at(Path file, List<String> before) {
        return file + ", line " + (before.size() + 1);
    }

    /**
     * Takes a vocabulary.
     *
     * @param vocabulary the pieces, the first of id 0
     * @return what cuts text into these pieces, lower-cased
     * @throws IllegalArgumentException if a piece is there twice, or [PAD], [UNK], [CLS] or [SEP] is not
     */
    public static WordPiece of(List<String> vocabulary) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (String piece : vocabulary) {
            Integer before = ids.putIfAbsent(piece, ids.size());
            if (before != null) {
                throw new IllegalArgumentException("The vocabulary has '" + piece + "' twice, as lines " + (before + 1)
                        + " and " + (ids.size() + 1) + ": each piece has one id");
            }
        }
        for (String marker : MARKERS) {
            if (!ids.containsKey(marker)) {
                throw new IllegalArgumentException("The vocabulary of " + ids.size() + " pieces has no " + marker
                        + ": it must have " + String.join(", ", MARKERS));
            }
        }
        return new WordPiece(ids, false);
    }

    /**
     * The same for a vocabulary of a model that tells upper from lower case, {@code bert-base-cased} for example.
     *
     * @return what leaves case and accents as they are
     */
    public WordPiece keepCase() {
        return new WordPiece(ids, true);
    }

    /**
     * How many pieces there are: {@code inputDim} of an {@code Embedding}.
     *
     * @return the size of the vocabulary
     */
    public int size() {
        return pieces.size();
    }

    /**
     * The id of a piece.
     *
     * @param piece a piece, {@code ##mael} or {@code [MASK]} for example
     * @return its id, empty if the vocabulary does not have it
     */
    public OptionalInt id(String piece) {
        Integer id = ids.get(piece);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * The pieces of a text, without markers.
     *
     * @param text any text
     * @return the pieces, {@code [UNK]} for a word that has none
     */
    public List<String> pieces(String text) {
        List<String> found = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        cleaned(text).codePoints().forEach(character -> {
            boolean alone = isPunctuation(character) || isChinese(character);
            if (alone || character == ' ') {
                cut(word, found);
            }
            if (alone) {
                cut(word.appendCodePoint(character), found);
            } else if (character != ' ') {
                word.appendCodePoint(character);
            }
        });
        cut(word, found);
        return found;
    }

    /**
     * The ids of a text between those of {@code [CLS]} and {@code [SEP]}.
     *
     * @param text any text
     * @return as many ids as the text needs, 2 at least
     */
    public int[] encode(String text) {
        return pieces(text, Integer.MAX_VALUE).stream().mapToInt(ids::get).toArray();
    }

    /**
     * The ids of a text between those of {@code [CLS]} and {@code [SEP]}, cut off or padded to a length.
     *
     * @param text any text
     * @param length how many ids, at least 2; what is missing is {@code [PAD]}
     * @return int [length]
     */
    public int[] encode(String text, int length) {
        List<String> marked = pieces(text, Require.atLeast(2, "WordPiece length", length));
        int[] padded = new int[length];
        Arrays.fill(padded, ids.get(PAD));
        for (int i = 0; i < marked.size(); i++) {
            padded[i] = ids.get(marked.get(i));
        }
        return padded;
    }

    private List<String> pieces(String text, int length) {
        List<String> all = pieces(text);
        List<String> marked = new ArrayList<>();
        marked.add(BEGIN);
        marked.addAll(all.subList(0, Math.min(all.size(), length - 2)));
        marked.add(END);
        return marked;
    }

    /**
     * The text of some ids: pieces put together, one space between words, without {@code [PAD]}, {@code [CLS]} and
     * {@code [SEP]}. White space, case and accents that were lost stay so.
     *
     * @param encoded ids in [0, size)
     * @return the text
     * @throws IllegalArgumentException if an id is not of the vocabulary
     */
    public String decode(int... encoded) {
        StringBuilder text = new StringBuilder();
        for (int id : encoded) {
            if (id < 0 || id >= pieces.size()) {
                throw new IllegalArgumentException(
                        "There is no piece " + id + ": ids are in [0, " + pieces.size() + ")");
            }
            String piece = pieces.get(id);
            if (piece.startsWith(INNER)) {
                text.append(piece, INNER.length(), piece.length());
            } else if (piece.equals(UNKNOWN) || !MARKERS.contains(piece)) {
                text.append(text.length() == 0 ? "" : " ").append(piece);
            }
        }
        return text.toString();
    }

    /** The text in the characters that count, each white space a blank. */
    private String cleaned(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().forEach(character -> {
            if (isWhiteSpace(character)) {
                clean.append(' ');
            } else if (!isControl(character)) {
                clean.appendCodePoint(character);
            }
        });
        if (keepsCase) {
            return clean.toString();
        }
        StringBuilder plain = new StringBuilder(clean.length());
        Normalizer.normalize(clean, Normalizer.Form.NFD)
                .codePoints()
                .filter(character -> Character.getType(character) != Character.NON_SPACING_MARK)
                .map(Character::toLowerCase) // One by one: what a letter becomes must not depend on its place in a
                // word.
                .forEach(plain::appendCodePoint);
        return plain.toString();
    }

    /** Adds the pieces of a word, which is empty then. */
    private void cut(StringBuilder word, List<String> found) {
        if (word.length() == 0) {
            return;
        }
        int before = found.size();
        int from = 0;
        if (word.codePointCount(0, word.length()) <= LONGEST_WORD) {
            while (from < word.length()) {
                String piece = longest(word, from);
                if (piece.isEmpty()) {
                    break;
                }
                found.add(piece);
                from += piece.length() - (from == 0 ? 0 : INNER.length());
            }
        }
        if (from < word.length()) {
            found.subList(before, found.size()).clear();
            found.add(UNKNOWN);
        }
        word.setLength(0);
    }

    /** The longest piece that a word goes on with, empty if there is none. */
    private String longest(StringBuilder word, int from) {
        String prefix = from == 0 ? "" : INNER;
        int most = Math.min(word.length(), from + longestPiece);
        for (int to = most; to > from; to--) {
            String piece = prefix + word.substring(from, to);
            if (ids.containsKey(piece)) {
                return piece;
            }
        }
        return "";
    }

    private static boolean isWhiteSpace(int character) {
        return character == '\t' || character == '\n' || character == '\r' || Character.isSpaceChar(character);
    }

    private static boolean isControl(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL, Character.FORMAT, Character.PRIVATE_USE, Character.SURROGATE -> true;
            default -> character == 0xFFFD; // What a decoder puts for what it cannot read.
        };
    }

    private static boolean isPunctuation(int character) {
        if (character < 128) { // With the signs that Unicode counts as symbols: $, +, <, =, >, ^, `, |, ~.
            return character > ' ' && character < 127 && !Character.isLetterOrDigit(character);
        }
        return switch (Character.getType(character)) {
            case Character.CONNECTOR_PUNCTUATION,
                    Character.DASH_PUNCTUATION,
                    Character.START_PUNCTUATION,
                    Character.END_PUNCTUATION,
                    Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION,
                    Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }

    /** Whether a character is a word by itself: BERT's ranges of the ideographs of Chinese, Japanese and Korean. */
    private static boolean isChinese(int character) {
        for (int[] range : CHINESE) {
            if (character >= range[0] && character <= range[1]) {
                return true;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return "WordPiece of " + pieces.size() + " pieces" + (keepsCase ? ", case kept" : "");
    }
}
