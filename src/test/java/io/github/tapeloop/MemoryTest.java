package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.examples.Soak;
import io.github.tapeloop.runtime.ChildJava;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The process does not grow as steps are taken. Measured in a Java of its own, which runs nothing else. */
@Tag("alone")
@Tag("process")
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/self/status")
class MemoryTest {

    private static final int LIMIT_MEGABYTES = 16;
    private static final Duration LIMIT = Duration.ofMinutes(30);

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
        String output = ChildJava.succeed(LIMIT, List.of(), Soak.class, String.valueOf(steps), String.valueOf(warmUp));
        assertEquals(0, number("live handles at close (\\d+)", output), output);
        assertEquals(number("live handles (\\d+) before", output), number("(\\d+) after", output), output);
        int growth = number("rss growth (-?\\d+) MB", output);
        System.out.println(steps + " steps: rss growth " + growth + " MB");
        assertTrue(growth < LIMIT_MEGABYTES, output);
    }

    /** A gradient of 1,000,000 x 32 numbers takes 128,000,000 bytes. */
    @Test
    void anEmbeddingOfAMillionRowsTrainsWithoutRoomForADenseGradient() throws Exception {
        Map<String, Long> growth = peakGrowth("embedding");
        assertEquals(4, growth.size(), growth::toString);
        growth.forEach((steps, bytes) -> assertTrue(
                steps.endsWith("dense gradient") ? bytes >= 128_000_000 : bytes < 16_000_000, growth::toString));
    }

    @Test
    void recomputedActivationsAreNotKept() throws Exception {
        Map<String, Long> growth = peakGrowth("recompute");
        for (String way : List.of("64 layers, eager, ", "64 layers, compiled, ")) {
            assertTrue(growth.get(way + "recomputed") < growth.get(way + "kept") / 3, growth::toString);
        }
    }

    /**
     * What {@link PeakMemory} measured, in bytes, by what was done: with a heap that is resident from the start, and with
     * tensors that are freed to the system, not to a pool.
     */
    private static Map<String, Long> peakGrowth(String what) throws Exception {
        List<String> heap = List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch");
        Map<String, String> noPools = Map.of("TF_ENABLE_ONEDNN_OPTS", "0", "MALLOC_MMAP_THRESHOLD_", "65536");
        String output = ChildJava.succeed(LIMIT, noPools, heap, PeakMemory.class, what);
        Map<String, Long> growth = new LinkedHashMap<>();
        Matcher line = Pattern.compile("(.*): peak growth (-?\\d+) bytes").matcher(output);
        while (line.find()) {
            System.out.println(line.group());
            growth.put(line.group(1), Long.valueOf(line.group(2)));
        }
        return growth;
    }

    private static int number(String pattern, String output) {
        Matcher matcher = Pattern.compile(pattern).matcher(output);
        assertTrue(matcher.find(), output);
        return Integer.parseInt(matcher.group(1));
    }
}
