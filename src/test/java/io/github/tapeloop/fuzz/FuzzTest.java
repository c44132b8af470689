package io.github.tapeloop.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random trials: nothing ends the process or hangs, nothing stays behind, what is refused is refused by an exception of the
 * library with words, and eager, traced and differentiated agree. {@code -Dfuzz.seed} tries others. For a search of hours
 * there is {@link FuzzRun#main}.
 */
@Tag("process")
class FuzzTest {

    /** How long one trial may take on a busy machine. */
    private static final Duration BOUND = Duration.ofMinutes(5);

    private static final int SOME = 2_000;

    private static void tryOut(TrialKind kind, Path folder, long seed, int trials)
            throws IOException, InterruptedException {
        System.out.printf("fuzz: %d trials of %s from -Dfuzz.seed=%d%n", trials, kind, seed);
        List<String> wrong = new ArrayList<>(new FuzzRun(kind, folder, BOUND).run(seed, trials));
        Path findings = folder.resolve("findings.txt");
        if (Files.exists(findings)) {
            wrong.addAll(Files.readAllLines(findings));
        }
        assertEquals(List.of(), wrong);
    }

    /** The same ones each time, so that a failure is of what has changed. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SETTINGS")
    void aFewTrialsFindNothing(TrialKind kind, @TempDir Path folder) throws IOException, InterruptedException {
        tryOut(kind, folder, Long.getLong("fuzz.seed", 1), kind.few());
    }

    /** All of them: there are as many as there are numbers to be set. Nothing of gigabytes is made, whatever the machine has. */
    @Test
    @Tag("slow")
    void numbersThatAreFarTooLargeAreRefused(@TempDir Path folder) throws IOException, InterruptedException {
        tryOut(TrialKind.SETTINGS, folder, 0, SettingTrial.all().size());
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SETTINGS")
    @Tag("slow")
    void manyTrialsFindNothing(TrialKind kind, @TempDir Path folder) throws IOException, InterruptedException {
        tryOut(kind, folder, Long.getLong("fuzz.seed", System.nanoTime() >>> 20), SOME);
    }
}
