package io.github.tapeloop.warning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each text once in a run, in the log and for who collects. */
class WarningsTest {

    /** What slf4j-simple, which tests have, writes meanwhile, one line each. */
    private static List<String> logged(Runnable work) {
        PrintStream err = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            System.setErr(err);
        }
        return log.toString(StandardCharsets.UTF_8)
                .lines()
                .map(line -> line.replaceFirst(".*WarningsTest - ", ""))
                .toList();
    }

    private static void warn(String text) {
        Warnings.warn(WarningsTest.class, text);
    }

    @Test
    void aTextIsSaidOnceInARun() {
        List<String> log = logged(() -> {
            try (Warnings run = Warnings.open(true)) {
                warn("a");
                warn("b");
                warn("a");
                assertEquals(List.of("a", "b"), run.all());
            }
        });
        assertEquals(List.of("a", "b"), log);
    }

    @Test
    void theNextRunSaysItAgain() {
        List<String> log = logged(() -> {
            for (int run = 0; run < 2; run++) {
                try (Warnings collected = Warnings.open(true)) {
                    warn("a");
                    assertEquals(List.of("a"), collected.all());
                }
            }
        });
        assertEquals(List.of("a", "a"), log);
    }

    @Test
    void whatIsNewIsToldOnce() {
        logged(() -> {
            try (Warnings run = Warnings.open(true)) {
                warn("a");
                assertEquals(List.of("a"), run.next());
                warn("a");
                assertEquals(List.of(), run.next());
                warn("b");
                assertEquals(List.of("b"), run.next());
                assertEquals(List.of("a", "b"), run.all());
            }
        });
    }

    @Test
    void aRunInsideAnotherHasItsOwn() {
        logged(() -> {
            try (Warnings outer = Warnings.open(true)) {
                try (Warnings inner = Warnings.open(false)) {
                    warn("a");
                    assertEquals(List.of("a"), inner.all());
                }
                warn("b");
                assertEquals(List.of("b"), outer.all());
            }
        });
    }

    @Test
    void withoutARunItIsLoggedEachTime() {
        assertEquals(List.of("a", "a"), logged(() -> {
            warn("a");
            warn("a");
        }));
    }
}
