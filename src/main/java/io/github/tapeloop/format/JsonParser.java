package io.github.tapeloop.format;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Reads one JSON text, within bounds. */
final class JsonParser {

    private static final int DEPTH = 64;
    /** The longest that a number can be written that is meant: that of the smallest double, exactly, is 1077 digits long. */
    private static final int LONGEST_NUMBER = 2000;

    private static final String PLAIN = "\"\\/bfnrt";
    private static final String MEANT = "\"\\/\b\f\n\r\t";

    private final String text;
    private int at;
    private int depth;

    JsonParser(String text) {
        this.text = text;
    }

    Object parse() throws FormatException {
        Object value = value();
        space();
        if (at < text.length()) {
            throw wrong("the end");
        }
        return value;
    }

    private Object value() throws FormatException {
        space();
        char next = at < text.length() ? text.charAt(at) : 0;
        return switch (next) {
            case '{' -> object();
            case '[' -> list();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Object word(String word, Object value) throws FormatException {
        if (!text.startsWith(word, at)) {
            throw wrong(word);
        }
        at += word.length();
        return value;
    }

    private void deeper() throws FormatException {
        if (++depth > DEPTH) {
            throw new FormatException("Expected JSON at most " + DEPTH + " deep, got more at character " + at);
        }
        at++;
        space();
    }

    private Map<String, Object> object() throws FormatException {
        Map<String, Object> map = new LinkedHashMap<>();
        deeper();
        if (!skip('}')) {
            do {
                space();
                int begin = at;
                String key = string();
                space();
                expect(':');
                if (map.containsKey(key)) {
                    throw new FormatException(
                            "Expected each key once, got '" + shortened(key) + "' a second time at character " + begin);
                }
                map.put(key, value());
                space();
            } while (skip(','));
            expect('}');
        }
        depth--;
        return map;
    }

    private List<Object> list() throws FormatException {
        List<Object> list = new ArrayList<>(2);
        deeper();
        if (!skip(']')) {
            do {
                list.add(value());
                space();
            } while (skip(','));
            expect(']');
        }
        depth--;
        return list;
    }

    private String string() throws FormatException {
        expect('"');
        int plain = at; // Most have no escape, and need no copy but one.
        StringBuilder built = null;
        while (true) {
            char c = at < text.length() ? text.charAt(at) : 0;
            if (c < ' ') {
                throw wrong(at < text.length() ? "no control character in text" : "the end of a text");
            }
            if (c == '"') {
                String rest = text.substring(plain, at++);
                return wellFormed(built == null ? rest : built.append(rest).toString());
            }
            if (c == '\\') {
                built = built == null ? new StringBuilder() : built;
                built.append(text, plain, at++).append(escaped());
                plain = at;
            } else {
                at++;
            }
        }
    }

    private char escaped() throws FormatException {
        char c = at < text.length() ? text.charAt(at) : 0;
        if (c == 'u') {
            int code = 0;
            for (int i = 1; i <= 4; i++) {
                char digit = at + i < text.length() ? text.charAt(at + i) : 0;
                int value = digit < 128 ? Character.digit(digit, 16) : -1;
                if (value < 0) {
                    throw wrong("four hexadecimal digits");
                }
                code = code * 16 + value;
            }
            at += 5;
            return (char) code;
        }
        int known = PLAIN.indexOf(c);
        if (known < 0) {
            throw wrong("an escape");
        }
        at++;
        return MEANT.charAt(known);
    }

    private String wellFormed(String value) throws FormatException {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (Character.isHighSurrogate(c)
                    && i + 1 < value.length()
                    && Character.isLowSurrogate(value.charAt(i + 1))) {
                i++;
            } else if (Character.isSurrogate(c)) {
                throw wrong("whole surrogate pairs in the text before");
            }
        }
        return value;
    }

    private Object number() throws FormatException {
        int begin = at;
        skip('-');
        if (!skip('0')) {
            digits();
        }
        boolean whole = true;
        if (skip('.')) {
            whole = false;
            digits();
        }
        if (skip('e') || skip('E')) {
            whole = false;
            if (!skip('+')) {
                skip('-');
            }
            digits();
        }
        if (at - begin > LONGEST_NUMBER) {
            at = begin;
            throw wrong("a number of at most " + LONGEST_NUMBER + " characters");
        }
        return numberOf(text.substring(begin, at), whole, begin);
    }

    private Object numberOf(String digits, boolean whole, int begin) throws FormatException {
        if (whole && !digits.equals("-0")) {
            try {
                return Long.valueOf(digits);
            } catch (NumberFormatException e) {
                throw new FormatException(
                        "Expected a whole number of at most 64 bits at character " + begin + ", got "
                                + shortened(digits),
                        e);
            }
        }
        double number = Double.parseDouble(digits);
        if (Double.isInfinite(number)) {
            throw new FormatException(
                    "Expected a number in the range of a double at character " + begin + ", got " + shortened(digits));
        }
        return number;
    }

    private void digits() throws FormatException {
        int begin = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == begin) {
            throw wrong("a value");
        }
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private boolean skip(char c) {
        if (at < text.length() && text.charAt(at) == c) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char c) throws FormatException {
        if (!skip(c)) {
            throw wrong("'" + c + "'");
        }
    }

    private FormatException wrong(String expected) {
        String came = at >= text.length() ? "the end" : "'" + shown(text.charAt(at)) + "'";
        return new FormatException("Expected JSON with " + expected + " at character " + at + ", got " + came);
    }

    private static String shown(char c) {
        return c < ' ' || c >= 127 ? String.format(Locale.ROOT, "\\u%04x", (int) c) : String.valueOf(c);
    }

    static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
