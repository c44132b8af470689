package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tapeloop.bridge.ConstantGraph;
import io.github.tapeloop.runtime.ChildJava;
import io.github.tapeloop.runtime.TapeSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.types.TFloat64;

/** The learning rate that a schedule begins with, asked for before there is a session. */
class FirstRateTest {

    private static final Path TASKS = Path.of("/proc/self/task");

    static Stream<Schedule> schedules() {
        return Stream.of(
                Schedule.constant(0.3),
                Schedule.exponentialDecay(0.3, 7, 0.5),
                Schedule.staircaseDecay(0.3, 7, 0.5),
                Schedule.inverseTimeDecay(0.3, 7, 0.5),
                Schedule.polynomialDecay(0.3, 7, 0.01, 2, true),
                Schedule.cosineDecay(0.3, 7, 0.1),
                Schedule.cosineDecayRestarts(0.3, 7),
                Schedule.piecewiseConstant(new long[] {3}, new double[] {0.3, 0.1}),
                Schedule.cosineDecay(0.4, 7).warmup(0.3, 5),
                (tf, step) -> tf.math.add(step, tf.constant(0.3)));
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void isThatOfTheFirstStep(Schedule schedule) {
        assertEquals(0.3, new Adam(schedule).learningRate(), 1e-15);
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            assertEquals(
                    session.scalar(
                            schedule.learningRate(session.tf(), session.tf().constant(0.0))),
                    new Adam(schedule).learningRate());
        }
    }

    @Test
    void whatIsNoConstantIsRefused() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> ConstantGraph.scalar(tf -> tf.random.randomUniform(tf.constant(new int[0]), TFloat64.class)));
        assertTrue(error.getMessage().contains("constants alone"), error.getMessage());
    }

    /** In a process of its own, whose TensorFlow has no threads yet. */
    @Test
    @Tag("process")
    void opensNoSession() throws Exception {
        assumeTrue(Files.isDirectory(TASKS));
        ChildJava.succeed(Duration.ofMinutes(5), List.of(), FirstRateTest.class);
    }

    /** Fails if the first session finds TensorFlow's threads there already. */
    public static void main(String[] arguments) throws IOException {
        new Adam(Schedule.cosineDecay(0.1, 10)).learningRate();
        long before = nativeThreads();
        TapeSession.open().close();
        if (nativeThreads() == before) {
            throw new AssertionError("a session before made the threads: there were " + before);
        }
    }

    /** Those that are named like the program, since nobody named them. */
    private static long nativeThreads() throws IOException {
        String program = name(Path.of("/proc/self"));
        try (Stream<Path> tasks = Files.list(TASKS)) {
            return tasks.filter(task -> name(task).equals(program)).count();
        }
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
