package io.github.tapeloop.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** JSON out and back, and what is none. */
class JsonTest {

    @Test
    void valuesComeBackAsTheyWere() throws FormatException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("long", Long.MIN_VALUE);
        all.put("double", Double.MIN_VALUE);
        all.put("whole", 5.0);
        all.put("minus zero", -0.0);
        all.put("true", true);
        all.put("nothing", null);
        all.put("text", "\"\\/\b\f\n\r\t\u0000\u001fé日😀\u2028");
        all.put("list", Arrays.asList(1L, "a", List.of(), null, Map.of()));
        all.put("", Map.of("deep", List.of(Map.of("a", 1.5))));
        assertEquals(all, Json.parse(Json.write(all)));
        assertEquals(all, Json.parse(Json.pretty(all)));
    }

    @Test
    void eachDoubleComesBackExactly() throws FormatException {
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            double number = Double.longBitsToDouble(random.nextLong());
            Object back = Json.toDouble(Json.parse(Json.write(Json.ofDouble(number))), "x");
            assertEquals(number, back);
        }
    }

    @Test
    void whatIsWrittenForPeopleHasALineAMember() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("a", Map.of("b", List.of(1L, 2.5)));
        all.put("c", Map.of());
        assertEquals("{\n  \"a\": {\n    \"b\": [1,2.5]\n  },\n  \"c\": {}\n}", Json.pretty(all));
        assertEquals("{\"a\":{\"b\":[1,2.5]},\"c\":{}}", Json.write(all));
    }

    @Test
    void escapesAreRead() throws FormatException {
        assertEquals("\"\\/\b\f\n\r\tÄ😀", Json.parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00c4\\uD83d\\ude00\""));
        assertEquals(List.of(1L, -2L, 0.1, 100.0, 1e-7, -0.0), Json.parse(" [1 ,\t-2,\r0.1,\n1e2,1E-7,-0]"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "}",
                "[1,]",
                "[,1]",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{a:1}",
                "{'a':1}",
                "[1 2]",
                "01",
                "-",
                "+1",
                ".5",
                "1.",
                "1.e2",
                "1e",
                "1e+",
                "0x1",
                "NaN",
                "Infinity",
                "-Infinity",
                "nul",
                "nulll",
                "True",
                "\"a",
                "\"\\x\"",
                "\"\\u12\"",
                "\"\\u12g4\"",
                "\"\\u١٢٣٤\"",
                "\"\n\"",
                "\"\u0000\"",
                "\"\\ud800\"",
                "\"\\udc00\\ud800\"",
                "\"\ud800\"",
                "1 1",
                "[1]]",
                "9223372036854775808",
                "-9223372036854775809",
                "1e309",
                "-1e999999999",
                "{\"a\":1,\"a\":1}",
                "{\"\\u0061\":1,\"a\":1}",
                "//",
                "[1]//",
                "\ufeff1",
                "[1]\u0000",
                "١",
                "\u00a01"
            })
    void whatIsNoJsonIsRefused(String text) {
        FormatException no = assertThrows(FormatException.class, () -> Json.parse(text));
        assertTrue(no.getMessage().startsWith("Expected"), no.getMessage());
    }

    @Test
    void depthAndLengthAreBounded() throws FormatException {
        Json.parse("[".repeat(64) + "]".repeat(64));
        for (String deep :
                List.of("[".repeat(65) + "]".repeat(65), "[".repeat(1_000_000), "{\"a\":".repeat(1_000_000))) {
            assertThrows(FormatException.class, () -> Json.parse(deep));
        }
        assertThrows(FormatException.class, () -> Json.parse("1".repeat(1_000_000)));
        assertThrows(FormatException.class, () -> Json.parse("0." + "1".repeat(1_000_000)));
        String name = "a".repeat(1_000_000);
        FormatException twice =
                assertThrows(FormatException.class, () -> Json.parse("{\"" + name + "\":1,\"" + name + "\":1}"));
        assertTrue(twice.getMessage().length() < 200, twice.getMessage());
    }

    @Test
    void randomTextEndsInAValueOrAFormatException() {
        Random random = new Random(2);
        String letters = "{}[]\":,0123456789.eE+-truefalsn\\ud \n";
        int values = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(12); length >= 0; length--) {
                text.append(letters.charAt(random.nextInt(letters.length())));
            }
            try {
                Json.parse(text.toString());
                values++;
            } catch (FormatException e) {
                assertTrue(e.getMessage().startsWith("Expected"), e.getMessage());
            }
        }
        assertTrue(values > 100, values + " values");
    }

    @Test
    void whatJsonHasNoWordForIsNotWritten() {
        for (Object no : new Object[] {Double.NaN, Double.POSITIVE_INFINITY, 1f, new int[0], List.of('c')}) {
            assertThrows(IllegalArgumentException.class, () -> Json.write(no));
        }
        assertThrows(FormatException.class, () -> Json.bytes("\udc00"));
        assertThrows(FormatException.class, () -> Json.toDouble("nan", "x"));
        assertThrows(FormatException.class, () -> Json.toDouble(null, "x"));
    }
}
