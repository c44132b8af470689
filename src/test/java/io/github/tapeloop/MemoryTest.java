package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.examples.Soak;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The process does not grow as steps are taken. Measured in a Java of its own, which runs nothing else. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/self/status")
class MemoryTest {

    private static final int LIMIT_MEGABYTES = 16;

    @Test
    void aFewThousandStepsLeaveTheProcessAsLargeAsBefore() throws Exception {
        soak(4_000, 1_000);
    }

    @Test
    @Tag("soak")
    void twoHundredThousandStepsLeaveTheProcessAsLargeAsBefore() throws Exception {
        soak(200_000, 2_000);
    }

    private static void soak(int steps, int warmUp) throws Exception {
        String output = java(Soak.class, String.valueOf(steps), String.valueOf(warmUp));
        assertEquals(0, number("live handles at close (\\d+)", output), output);
        assertEquals(number("live handles (\\d+) before", output), number("(\\d+) after", output), output);
        assertTrue(number("rss growth (-?\\d+) MB", output) < LIMIT_MEGABYTES, output);
    }

    private static int number(String pattern, String output) {
        Matcher matcher = Pattern.compile(pattern).matcher(output);
        assertTrue(matcher.find(), output);
        return Integer.parseInt(matcher.group(1));
    }

    private static String java(Class<?> main, String... arguments) throws IOException, InterruptedException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", classPath, main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        return output;
    }
}
