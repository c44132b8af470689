package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.bridge.ConstantGraph;
import io.github.tapeloop.state.Variable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What used to kill the process or make it useless, each in a Java of its own. */
@Tag("process")
class SessionProcessTest {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    @Test
    void twoThreadsInOneSessionAreRefusedByName() throws Exception {
        races("use", 25, "refused in each of 25 tries");
    }

    @Test
    void aSessionIsClosedUnderAThreadThatWorks() throws Exception {
        races("close", 30, "closed 30 times");
    }

    @Test
    @Tag("slow")
    void aHundredRacesOfEachKindLeaveTheProcessAlive() throws Exception {
        races("use", 100, "refused in each of 100 tries");
        races("close", 100, "closed 100 times");
    }

    private static void races(String what, int tries, String said) throws Exception {
        ChildJava.requireSaid(said, LIMIT, ChildJava.OPTIMIZED, SessionRaces.class, what, String.valueOf(tries));
    }

    @ParameterizedTest(name = "{0} after {1} ms")
    @CsvSource({"hook, 0", "hook, 7", "exit, 0", "exit, 7"})
    void theProcessEndsWhileAThreadWorks(String how, int milliseconds) throws Exception {
        ChildJava.Result result =
                ChildJava.run(LIMIT, List.of(), SessionRaces.class, how, String.valueOf(milliseconds));
        assertEquals(7, result.exit(), result::output);
    }

    @Test
    void aHookDoesNotWaitForTheCallThatEndsTheProcess() throws Exception {
        ChildJava.Result result = ChildJava.run(LIMIT, List.of(), SessionRaces.class, "inside", "1");
        assertEquals(7, result.exit(), result::output);
    }

    @Test
    void aSmallHeapHoldsALargeModel() throws Exception {
        String output = ChildJava.succeed(LIMIT, List.of("-Xmx64m"), SessionProcessTest.class);
        assertTrue(output.contains("480 MB of weights"), output);
    }

    @Test
    void aLimitOfTheUsersOwnIsKept() throws Exception {
        for (String limit : List.of("maxPhysicalBytes=200m", "maxphysicalbytes=200m")) {
            ChildJava.Result result = ChildJava.run(
                    LIMIT,
                    List.of("-Xmx64m", "-Dorg.bytedeco.javacpp." + limit, "-Dorg.bytedeco.javacpp.maxRetries=0"),
                    SessionProcessTest.class);
            assertNotEquals(0, result.exit(), result::output);
            assertTrue(result.output().contains("physicalBytes"), result::output);
        }
    }

    /** Makes weights of 480 MB. */
    public static void main(String[] arguments) {
        ConstantGraph.scalar(
                tf -> tf.constant(0.1)); // As a schedule of learning rates does, before there is a session.
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Ops tf = session.tf();
            List<Variable<TFloat32>> weights = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                try (TensorScope scope = session.scope()) {
                    weights.add(Variable.create(
                            tf, "w", tf.fill(tf.constant(new int[] {10_000_000}), tf.constant(0.5f)), true));
                }
            }
            System.out.println(weights.size() * 40 + " MB of weights");
        }
    }
}
