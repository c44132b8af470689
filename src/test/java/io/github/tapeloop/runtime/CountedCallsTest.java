package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

/** Each of these ended the process where it had less memory than a number asked for. */
class CountedCallsTest {

    private final TapeSession session = TapeSession.open();

    @AfterEach
    void close() {
        session.close();
    }

    /** Makes a call that keeps as many of something as it is told, and reads how many: nothing else of it goes into a result. */
    private interface Counted extends BiFunction<Ops, Operand<TInt32>, Operand<?>> {}

    static Stream<Named<Counted>> calls() {
        return Stream.of(
                Named.of("TensorListReserve", (tf, count) -> op(tf, "TensorListLength", reserved(tf, count))),
                Named.of("TensorListResize", (tf, count) -> {
                    Operand<?> list = reserved(tf, tf.constant(1));
                    return op(tf, "TensorListLength", op(tf, "TensorListResize", list, count));
                }),
                Named.of("TensorArrayV3", (tf, count) -> {
                    OperationBuilder array = builder(tf, "TensorArrayV3", count).setAttr("dtype", DataType.DT_FLOAT);
                    return array.build().output(1);
                }),
                Named.of("SparseFillEmptyRows", (tf, count) -> {
                    Operand<TInt64> rows = Tensors.cast(tf, count, TInt64.class);
                    return builder(
                                    tf,
                                    "SparseFillEmptyRows",
                                    tf.constant(new long[][] {{0, 0}}),
                                    tf.constant(new float[] {1}),
                                    tf.stack(List.of(rows, tf.constant(4L))),
                                    tf.constant(2f))
                            .build()
                            .output(2);
                }));
    }

    private static Operand<?> reserved(Ops tf, Operand<TInt32> count) {
        return builder(tf, "TensorListReserve", tf.constant(new int[] {2}), count)
                .setAttr("element_dtype", DataType.DT_FLOAT)
                .build()
                .output(0);
    }

    private static OperationBuilder builder(Ops tf, String type, Operand<?>... inputs) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        for (Operand<?> input : inputs) {
            builder.addInput(input.asOutput());
        }
        return builder;
    }

    private static Operand<?> op(Ops tf, String type, Operand<?>... inputs) {
        return builder(tf, type, inputs).build().output(0);
    }

    @ParameterizedTest
    @MethodSource("calls")
    void keepsAFewAndRefusesMoreThanFit(Counted call) {
        Spec number = new Spec(DataType.DT_INT32, Shape.scalar());
        try (TracedFunction counting = TracedFunction.trace(
                session, "counting", List.of(number), (ops, in) -> List.of(call.apply(ops, int32(in.get(0)))))) {
            for (int few : new int[] {1, 3}) {
                Operand<TInt32> count = session.tf().constant(few);
                assertEquals(
                        kept(call.apply(session.tf(), count)),
                        kept(counting.call(List.of(count)).get(0)));
            }
            for (int many : new int[] {(1 << 24) + 1, Integer.MAX_VALUE}) {
                Operand<TInt32> count = session.tf().constant(many);
                OpException now = assertThrows(OpException.class, () -> call.apply(session.tf(), count));
                assertTrue(now.getMessage().contains("it keeps at most 16777216, got " + many), now.getMessage());
                assertThrows(OpException.class, () -> counting.call(List.of(count)));
                assertThrows(OpException.class, () -> TracedFunction.trace(
                                session, "many", List.of(), (ops, in) -> List.of(call.apply(ops, ops.constant(many))))
                        .call(List.of()));
            }
        }
    }

    private String kept(Operand<?> result) {
        return result.type() == TInt32.class || result.type() == TFloat32.class
                ? String.valueOf(session.scalar(Tensors.cast(session.tf(), result, TFloat32.class)))
                : Tensors.describe(result);
    }

    @SuppressWarnings("unchecked") // The spec says int32.
    private static Operand<TInt32> int32(Operand<?> operand) {
        return (Operand<TInt32>) operand;
    }

    @Test
    void aSamplerCountsAsManyClassesAsFit() {
        for (String type : List.of("LearnedUnigramCandidateSampler", "ThreadUnsafeUnigramCandidateSampler")) {
            assertEquals(Shape.of(2), Tensors.shape(sampled(type, 5)));
            OpException many = assertThrows(OpException.class, () -> sampled(type, Integer.MAX_VALUE));
            assertTrue(many.getMessage().contains("it keeps at most 16777216"), many.getMessage());
        }
    }

    @Test
    void aPoolOfThreadsHasAsManyAsASystemAllows() {
        for (String type : List.of("ThreadPoolHandle", "ExperimentalThreadPoolHandle")) {
            assertEquals(Shape.scalar(), Tensors.shape(pool(type, 2)));
            OpException many = assertThrows(OpException.class, () -> pool(type, 10_007));
            assertTrue(many.getMessage().contains("it keeps at most 1024, got 10007"), many.getMessage());
        }
        for (String type : List.of("PrivateThreadPoolDataset", "ExperimentalPrivateThreadPoolDataset")) {
            assertEquals(Shape.scalar(), Tensors.shape(withPool(type, 2)));
            OpException many = assertThrows(OpException.class, () -> withPool(type, 10_007));
            assertTrue(many.getMessage().contains("it keeps at most 1024, got 10007"), many.getMessage());
        }
    }

    private Operand<?> pool(String type, long threads) {
        return builder(session.tf(), type)
                .setAttr("num_threads", threads)
                .setAttr("display_name", "pool")
                .build()
                .output(0);
    }

    private Operand<?> withPool(String type, long threads) {
        Ops tf = session.tf();
        DataType[] types = {DataType.DT_INT64};
        Shape[] shapes = {Shape.scalar()};
        Operand<?> range = builder(tf, "RangeDataset", tf.constant(0L), tf.constant(3L), tf.constant(1L))
                .setAttr("output_types", types)
                .setAttr("output_shapes", shapes)
                .build()
                .output(0);
        return builder(tf, type, range, tf.constant(threads))
                .setAttr("output_types", types)
                .setAttr("output_shapes", shapes)
                .build()
                .output(0);
    }

    private Operand<?> sampled(String type, long classes) {
        return builder(session.tf(), type, session.tf().constant(new long[][] {{1}}))
                .setAttr("num_true", 1L)
                .setAttr("num_sampled", 2L)
                .setAttr("unique", false)
                .setAttr("range_max", classes)
                .build()
                .output(0);
    }
}
