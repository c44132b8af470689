package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tapeloop.KillableRun.Kind;
import io.github.tapeloop.KillableRun.Steps;
import io.github.tapeloop.KilledProgram.Phase;
import io.github.tapeloop.checkpoint.Checkpoints;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is killed at any moment, again and again, and started again is the run that was never killed, bit for bit. */
@Tag("process")
class KillTest {

    private static final List<Steps> STEPS = List.of(Steps.EAGER, Steps.COMPILED, Steps.EIGHT_A_CALL, Steps.AUTO);

    @TempDir
    private Path directory;

    private final Random random = new Random(17);
    private final Map<Phase, Integer> byPhase = new EnumMap<>(Phase.class);
    private final Map<String, Integer> byCell = new TreeMap<>();

    private Process start(Path where, Kind kind, Steps steps, String phase, int which, String shutdown, String java)
            throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(
                List.of(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", classPath));
        command.addAll(List.of(
                KilledProgram.class.getName(),
                where.toString(),
                kind.name(),
                steps.name(),
                phase,
                String.valueOf(which),
                shutdown));
        return new ProcessBuilder(command)
                .redirectError(where.resolve("errors.txt").toFile())
                .start();
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Waits until a process is where it is to be killed, and kills it; what it printed if it came to its end before. */
    private Optional<List<String>> kill(Path where, Kind kind, Steps steps, Phase phase)
            throws IOException, InterruptedException {
        int which = phase == Phase.RESTORE ? 0 : random.nextInt(phase == Phase.EPOCH ? 6 : 2);
        Process process = start(where, kind, steps, phase.name(), which, "PT20S", java());
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = process.inputReader()) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.equals(KilledProgram.HERE)) {
                    if (phase == Phase.RESTORE) { // Some moment from the first call to the first step.
                        LockSupport.parkNanos(random.nextInt(700_000_000));
                    }
                    process.toHandle().destroyForcibly(); // Which leaves open what it has printed.
                } else {
                    lines.add(line);
                }
            }
        }
        int exit = process.waitFor();
        if (exit == 0) {
            return Optional.of(lines);
        }
        assertEquals(137, exit, () -> errors(where));
        byPhase.merge(KilledProgram.phase(where), 1, Integer::sum);
        byCell.merge(kind + " " + steps, 1, Integer::sum);
        return Optional.empty();
    }

    private static String errors(Path where) {
        try {
            return Files.readString(where.resolve("errors.txt"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What a run gets that goes on in this process, which saves the start of another. */
    private static List<String> finish(Path where, Kind kind, Steps steps) throws IOException {
        return KilledProgram.lines(KillableRun.run(kind, steps, null, where, KilledProgram.checkpoints(where)));
    }

    private List<String> finish(Path where, Kind kind, Steps steps, String java)
            throws IOException, InterruptedException {
        Process process = start(where, kind, steps, KilledProgram.NOWHERE, 0, "PT20S", java);
        List<String> lines = process.inputReader().lines().toList();
        assertEquals(0, process.waitFor(), () -> errors(where));
        return lines;
    }

    private List<String> neverKilled(Kind kind, Steps steps) throws IOException {
        Path where = Files.createDirectories(directory.resolve("whole-" + kind + steps));
        return KilledProgram.lines(KillableRun.run(
                kind, steps, null, where, Checkpoints.in(where.resolve("run")).everyEpochs(1)));
    }

    private static void assertSame(List<String> whole, List<String> goneOn) {
        // A slot that the last process has not asked for is in its checkpoints only.
        List<String> asked = new ArrayList<>(whole);
        asked.removeIf(line -> line.startsWith("state optimizer/")
                && !goneOn.contains(line)
                && goneOn.stream().noneMatch(other -> other.startsWith(line.substring(0, line.lastIndexOf(' ') + 1))));
        assertEquals(String.join("\n", asked), String.join("\n", goneOn));
    }

    /** Kills a run so many times in the given phases, and lets it come to its end. */
    private void killAndGoOn(Kind kind, Steps steps, List<Phase> phases) throws IOException, InterruptedException {
        List<String> whole = neverKilled(kind, steps);
        Path where = Files.createTempDirectory(directory, "killed");
        for (Phase phase : phases) {
            Optional<List<String>> ended = kill(where, kind, steps, phase);
            while (ended.isPresent()) { // It was over before: another run is to be hit.
                assertSame(whole, ended.get());
                where = Files.createTempDirectory(directory, "killed");
                ended = kill(where, kind, steps, phase);
            }
        }
        assertSame(whole, finish(where, kind, steps));
    }

    private void printTable() {
        System.out.println("killed by phase: " + byPhase + "\nkilled by cell: " + byCell);
    }

    /** The phases that a kind of run has. */
    private static List<Phase> phases(Kind kind) {
        return Stream.of(Phase.values())
                .filter(phase -> kind.validates() || phase != Phase.VALIDATION)
                .toList();
    }

    @Test
    void twentyKillsChangeNothing() throws IOException, InterruptedException {
        Kind[] kinds = Kind.values();
        for (int i = 0; i < STEPS.size(); i++) {
            Kind kind = kinds[i == 3 ? 4 : i];
            List<Phase> phases = new ArrayList<>(phases(kind));
            phases.add(Phase.EPOCH);
            killAndGoOn(kind, STEPS.get(i), phases.subList(0, 5));
        }
        printTable();
        assertEquals(20, byPhase.values().stream().mapToInt(Integer::intValue).sum(), () -> byPhase.toString());
    }

    @Test
    @Tag("slow")
    void twoHundredKillsChangeNothing() throws IOException, InterruptedException {
        for (int round = 0; round < 2; round++) {
            for (Kind kind : Kind.values()) {
                for (Steps steps : STEPS) {
                    killAndGoOn(kind, steps, phases(kind));
                }
            }
        }
        while (Stream.of(Phase.values()).anyMatch(phase -> byPhase.getOrDefault(phase, 0) < 20)
                || byPhase.values().stream().mapToInt(Integer::intValue).sum() < 200) {
            Phase rarest = Stream.of(Phase.values())
                    .min((a, b) -> byPhase.getOrDefault(a, 0) - byPhase.getOrDefault(b, 0))
                    .orElseThrow();
            killAndGoOn(Kind.ADAM_WITH_AVERAGES_AND_CLIP, STEPS.get(random.nextInt(4)), List.of(rarest, rarest));
        }
        printTable();
        assertEquals(Kind.values().length * STEPS.size(), byCell.size());
    }

    /** Where the request to end comes. */
    enum Moment {
        IN_TRAINING(Phase.EPOCH, "PT20S", 5, false),
        IN_A_VALIDATION(Phase.VALIDATION, "PT1S", 3, true),
        IN_A_LONG_STEP(Phase.EPOCH, "PT1S", 3, true);

        private final Phase phase;
        private final String shutdown;
        private final int seconds;
        private final boolean holds;

        Moment(Phase phase, String shutdown, int seconds, boolean holds) {
            this.phase = phase;
            this.shutdown = shutdown;
            this.seconds = seconds;
            this.holds = holds;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRunThatIsAskedToEndGoesOn(Moment moment) throws IOException, InterruptedException {
        assumeTrue(ProcessHandle.current().supportsNormalTermination(), "this system has no request to end");
        Kind kind = Kind.ADAM_WITH_AVERAGES_AND_CLIP;
        List<String> whole = neverKilled(kind, Steps.COMPILED);
        Path where = Files.createTempDirectory(directory, "asked");
        String phase = moment.holds ? moment.phase.name() : KilledProgram.IN_PASSING;
        Process process = start(where, kind, Steps.COMPILED, phase, 4, moment.shutdown, java());
        long begin = 0;
        try (BufferedReader out = process.inputReader()) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                if (line.equals(KilledProgram.HERE)) {
                    begin = System.nanoTime();
                    process.toHandle().destroy();
                }
            }
        }
        assertEquals(143, process.waitFor(), () -> errors(where));
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
        assertTrue(seconds <= moment.seconds, seconds + " s");
        assertSame(whole, finish(where, kind, Steps.COMPILED));
    }

    @Test
    void aRunGoesOnInANewerJava() throws IOException, InterruptedException {
        String newer = System.getenv("JAVA25_HOME");
        assumeTrue(newer != null, "JAVA25_HOME does not say where a newer Java is");
        Kind kind = Kind.SCHEDULE_FREE;
        List<String> whole = neverKilled(kind, Steps.COMPILED);
        Path where = Files.createTempDirectory(directory, "newer");
        assertEquals(Optional.empty(), kill(where, kind, Steps.COMPILED, Phase.EPOCH));
        String java = Path.of(newer, "bin", "java").toString();
        assertSame(whole, finish(where, kind, Steps.COMPILED, java));
    }
}
