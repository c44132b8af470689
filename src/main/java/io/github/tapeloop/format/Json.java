package io.github.tapeloop.format;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * JSON (RFC 8259), as strict as the standard: text to values by {@link #parse}, values to text by {@link #write}. Values are
 * {@code Map<String, Object>} in order, {@code List<Object>}, String, Long, Double, Boolean and null. A number without a point or an exponent is
 * a Long, any other a Double, exactly the one that was written.
 */
public final class Json {

    private Json() {}

    /**
     * Reads a text that may come from anywhere.
     *
     * @param text one value
     * @return the value
     * @throws FormatException if it is no JSON, is nested more than 64 deep, has a key twice, a number beyond the range of its
     *     type, or half a surrogate pair; it says at which character
     */
    public static Object parse(String text) throws FormatException {
        return new JsonParser(text).parse();
    }

    /**
     * Writes a value on one line, without spaces.
     *
     * @throws IllegalArgumentException if it has a number that is not finite, for which JSON has no word, or another type
     */
    public static String write(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text, -1);
        return text.toString();
    }

    /** Writes a value for people: what is in an object on a line of its own each, a list on one. */
    public static String pretty(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text, 0);
        return text.toString();
    }

    /**
     * The bytes of a text in UTF-8.
     *
     * @throws FormatException if it has half a surrogate pair, for which UTF-8 has no bytes
     */
    public static byte[] bytes(String text) throws FormatException {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            return Arrays.copyOf(bytes.array(), bytes.limit());
        } catch (CharacterCodingException e) {
            throw new FormatException("Expected text of whole characters, got half a surrogate pair", e);
        }
    }

    /**
     * The text of bytes in UTF-8.
     *
     * @throws FormatException if they are none
     */
    public static String text(ByteBuffer bytes) throws FormatException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new FormatException("Expected text in UTF-8, got other bytes", e);
        }
    }

    /** Text as JSON has it, as the serializer of the reference implementation of safetensors writes it. */
    public static void quote(String value, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            int known = "\b\f\n\r\t\"\\".indexOf(c);
            if (known >= 0) {
                text.append('\\').append("bfnrt\"\\".charAt(known));
            } else if (c < ' ') {
                text.append("\\u00").append(Character.forDigit(c >> 4, 16)).append(Character.forDigit(c & 15, 16));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    /** A number that may be no JSON: as itself if it is finite, else as its name. */
    public static Object ofDouble(double value) {
        return Double.isFinite(value) ? (Object) value : Double.toString(value);
    }

    /**
     * A number as {@link #ofDouble} has it.
     *
     * @param name what it is, for the message
     */
    public static double toDouble(Object value, String name) throws FormatException {
        if (value instanceof Number number) {
            return number.doubleValue();
        }
        if (value instanceof String text) {
            for (double known : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
                if (Double.toString(known).equals(text)) {
                    return known;
                }
            }
        }
        throw new FormatException(
                "Expected a number '" + name + "', got " + JsonParser.shortened(String.valueOf(value)));
    }

    /** @param indent of the line that the value is on, or -1 to have all on one line */
    private static void write(Object value, StringBuilder text, int indent) {
        if (value instanceof Map<?, ?> map) {
            object(map, text, indent);
        } else if (value instanceof List<?> list) {
            list(list, text);
        } else if (value instanceof String string) {
            quote(string, text);
        } else if (value instanceof Double number && !Double.isFinite(number)) {
            throw new IllegalArgumentException("Expected a finite number, got " + number + ": write it as text");
        } else if (value == null
                || value instanceof Long
                || value instanceof Integer
                || value instanceof Double
                || value instanceof Boolean) {
            text.append(value);
        } else {
            throw new IllegalArgumentException(
                    "Expected a value that JSON has, got a " + value.getClass().getName());
        }
    }

    private static void object(Map<?, ?> map, StringBuilder text, int indent) {
        boolean lines = indent >= 0 && !map.isEmpty();
        int inner = lines ? indent + 2 : -1;
        text.append('{');
        for (Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator(); entries.hasNext(); ) {
            Map.Entry<?, ?> entry = entries.next();
            newLine(text, inner);
            quote((String) entry.getKey(), text);
            text.append(lines ? ": " : ":");
            write(entry.getValue(), text, inner);
            text.append(entries.hasNext() ? "," : "");
        }
        newLine(text, lines ? indent : -1);
        text.append('}');
    }

    private static void newLine(StringBuilder text, int indent) {
        if (indent >= 0) {
            text.append('\n').append(" ".repeat(indent));
        }
    }

    private static void list(List<?> list, StringBuilder text) {
        text.append('[');
        for (int i = 0; i < list.size(); i++) {
            text.append(i == 0 ? "" : ",");
            write(list.get(i), text, -1);
        }
        text.append(']');
    }
}
