package io.github.tapeloop.serving;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Calls that are run together: who is with whom, and that nobody is told of another one's mistake. */
class MicroBatchesTest {

    private static final Duration FOR_EVER = Duration.ofMinutes(5);
    private static final Map<String, Spec> IDS =
            Map.of("input", new Spec(DataType.DT_INT32, Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE)));

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Served served;

    @AfterEach
    void end() {
        threads.shutdownNow();
        served.close(Duration.ofSeconds(10));
    }

    /** Gives each id times ten, of ids below 3, and how many examples were run with it. */
    private static Map<String, Operand<?>> timesTen(Ops tf, Map<String, Operand<?>> inputs) {
        @SuppressWarnings("unchecked") // As IDS says.
        Operand<TInt32> ids = (Operand<TInt32>) inputs.get("input");
        Operand<TFloat32> tens = tf.gather(tf.constant(new float[] {0, 10, 20}), ids, tf.constant(0));
        Operand<TFloat32> examples =
                tf.dtypes.cast(tf.gather(tf.shape(ids), tf.constant(0), tf.constant(0)), TFloat32.class);
        return Map.of("tens", tens, "together", tf.math.add(tf.zerosLike(tens), examples));
    }

    private void serve(int most, Duration delay) {
        try (TapeSession session = TapeSession.open()) {
            ServedGraph graph = ServedGraph.trace(session, List.of(IDS), MicroBatchesTest::timesTen, Map::of);
            try (Weights none = Weights.of(session, graph, Map.of())) {
                served = new Served(graph, none, Optional.of(new MicroBatches(most, delay)));
            }
        }
    }

    private List<Values> predict(int[][] ids) {
        try (TInt32 input = TInt32.tensorOf(StdArrays.ndCopyOf(ids))) {
            return served.predict(new Examples.Given(0, List.of(input)));
        }
    }

    private List<Future<List<Values>>> inThreads(int[][]... calls) {
        List<Future<List<Values>>> running = new ArrayList<>();
        for (int[][] ids : calls) {
            running.add(threads.submit(() -> predict(ids)));
        }
        return running;
    }

    @Test
    void callsOfOneShapeAreRunTogetherAndEachGetsItsOwn() throws Exception {
        serve(4, FOR_EVER);
        List<Future<List<Values>>> running =
                inThreads(new int[][] {{1, 2}}, new int[][] {{2, 2}, {0, 1}}, new int[][] {{2, 0}});
        float[][] tens = {{10, 20}, {20, 20, 0, 10}, {20, 0}};
        for (int i = 0; i < tens.length; i++) {
            List<Values> outputs = running.get(i).get();
            assertArrayEquals(tens[i], outputs.get(0).floats());
            assertEquals(Shape.of(tens[i].length / 2, 2), outputs.get(0).shape());
            assertEquals(4, outputs.get(1).floats()[0], "examples that were run together");
        }
    }

    @Test
    void aBatchWaitsNoLongerThanTheDelayAndTakesNoOtherShapeAndNotTooMany() throws Exception {
        serve(2, Duration.ofMillis(1));
        assertArrayEquals(
                new float[] {1, 1}, predict(new int[][] {{1, 2}}).get(1).floats());
        assertArrayEquals(
                new float[] {3, 3, 3},
                predict(new int[][] {{1}, {2}, {0}}).get(1).floats(),
                "as many as they are");
        for (Future<List<Values>> one : inThreads(new int[][] {{1}}, new int[][] {{1, 2}})) {
            assertEquals(1, one.get().get(1).floats()[0]);
        }
    }

    @Test
    void whoAsksWronglyIsToldAndNobodyElse() throws Exception {
        serve(3, FOR_EVER);
        List<Future<List<Values>>> running = inThreads(new int[][] {{1}}, new int[][] {{99}}, new int[][] {{2}});
        assertArrayEquals(new float[] {10}, running.get(0).get().get(0).floats());
        assertArrayEquals(new float[] {20}, running.get(2).get().get(0).floats());
        ExecutionException told =
                assertThrows(ExecutionException.class, () -> running.get(1).get());
        assertInstanceOf(OpException.class, told.getCause());
    }
}
