package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.OpDefs;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Gather;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** Each of these ended the process or can end it, with oneDNN or without: in TensorFlow, not by an exception. */
class FatalCallsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();

    @AfterEach
    void close() {
        session.close();
    }

    private void assertRefused(String type, String advice, Function<Ops, Operand<?>> mistake) {
        OpException now = assertThrows(OpException.class, () -> mistake.apply(session.tf()));
        OpException traced = assertThrows(
                OpException.class,
                () -> TracedFunction.trace(session, "mistake", List.of(), (ops, in) -> List.of(mistake.apply(ops))));
        for (OpException e : List.of(now, traced)) {
            assertEquals(type, e.type());
            assertTrue(e.getMessage().contains(advice), e.getMessage());
        }
        assertEquals(Shape.scalar(), Tensors.shape(session.tf().constant(1)));
    }

    private static Operand<TFloat32> matrix(Ops tf) {
        return tf.constant(new float[][] {{1, 2, 3}, {4, 5, 6}});
    }

    @Test
    void axesOfATransposeAreCountedFromTheFront() {
        for (int[] order : new int[][] {{-1, 0}, {1, -2}, {-1, -2}}) {
            assertRefused(
                    "Transpose",
                    "count the axes from the front",
                    tf -> tf.linalg.transpose(matrix(tf), tf.constant(order)));
            assertRefused(
                    "Transpose",
                    "count the axes from the front",
                    tf -> tf.linalg.transpose(matrix(tf), tf.constant(new long[] {order[0], order[1]})));
            assertRefused(
                    "ConjugateTranspose",
                    "count the axes from the front",
                    tf -> tf.linalg.conjugateTranspose(matrix(tf), tf.constant(order)));
        }
    }

    @Test
    void axesFromTheFrontAreTakenNowAndTraced() {
        Spec matrix = new Spec(DataType.DT_FLOAT, Shape.of(2, 3));
        TracedFunction function = TracedFunction.trace(
                session,
                "turn",
                List.of(matrix, new Spec(DataType.DT_INT32, Shape.of(2))),
                (ops, in) -> List.of(ops.linalg.transpose(in.get(0), number(in.get(1)))));
        Ops tf = session.tf();
        List<Operand<?>> given = List.of(matrix(tf), tf.constant(new int[] {1, 0}));
        assertEquals(Shape.of(3, 2), Tensors.shape(function.call(given).get(0)));
        assertEquals(Shape.of(3, 2), Tensors.shape(tf.linalg.transpose(matrix(tf), tf.constant(new int[] {1, 0}))));
    }

    @SuppressWarnings("unchecked") // The test knows its types.
    private static Operand<TNumber> number(Operand<?> operand) {
        return (Operand<TNumber>) operand;
    }

    @Test
    void aCtcLossNeedsAClass() {
        assertRefused("CTCLoss", "at least one class", tf -> {
            Operand<TFloat32> logits = tf.zeros(tf.constant(new int[] {5, 2, 0}), TFloat32.class);
            Operand<TInt64> places = tf.constant(new long[][] {{0, 0}, {1, 0}});
            Operand<TInt32> labels = tf.constant(new int[] {0, 0});
            return tf.nn.ctcLoss(logits, places, labels, tf.constant(new int[] {5, 5}))
                    .loss();
        });
    }

    private static Operand<TFloat32> ones(Ops tf, long... shape) {
        return tf.ones(tf.constant(shape), TFloat32.class);
    }

    private static OperationBuilder builder(Ops tf, String type, Operand<?>... inputs) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        for (Operand<?> input : inputs) {
            builder.addInput(input.asOutput());
        }
        return builder;
    }

    private static Operand<TFloat32> make(OperationBuilder builder) {
        return builder.build().output(0);
    }

    static Stream<String> ranked() {
        return FatalCalls.types().stream()
                .filter(type -> FatalCalls.of(type).ranks() != null)
                .filter(type -> IntStream.of(FatalCalls.of(type).ranks()).anyMatch(rank -> rank >= 0))
                .sorted();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ranked")
    void eachInputMustHaveItsRank(String type) {
        int[] ranks = FatalCalls.of(type).ranks();
        assertEquals(OpDefs.of(type).orElseThrow().getInputArgCount(), ranks.length);
        for (int wrong = 0; wrong < ranks.length; wrong++) {
            if (ranks[wrong] >= 0) {
                int input = wrong;
                assertRefused(type, "input " + wrong + " must have " + ranks[wrong] + " dimensions", tf -> {
                    Operand<?>[] inputs = new Operand<?>[ranks.length];
                    for (int i = 0; i < ranks.length; i++) {
                        long[] shape = new long[Math.max(0, ranks[i]) + (i == input ? 1 : 0)];
                        Arrays.fill(shape, 1);
                        inputs[i] = ones(tf, shape);
                    }
                    return make(builder(tf, type, inputs));
                });
            }
        }
    }

    /** @param type the op that is refused */
    record Mistake(String name, String type, String advice, Function<Ops, Operand<?>> call) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Mistake> mistakes() {
        long[] one = {1, 1, 1, 1};
        List<Mistake> mistakes = new ArrayList<>();
        for (String type : List.of("RFFT", "RFFT2D", "RFFT3D", "IRFFT", "IRFFT2D", "IRFFT3D")) {
            int dimensions = type.endsWith("D") ? type.charAt(type.length() - 2) - '0' : 1;
            long[] shape = new long[dimensions];
            Arrays.fill(shape, 4);
            for (int zero = 0; zero < dimensions; zero++) {
                int[] length = new int[dimensions];
                Arrays.fill(length, 2);
                length[zero] = 0;
                mistakes.add(new Mistake(type + Arrays.toString(length), type, "fft_length must be positive", tf -> {
                    Operand<?> x = ones(tf, shape);
                    Operand<?> spectrum = type.startsWith("I") ? make(builder(tf, "Complex", x, x)) : x;
                    return make(builder(tf, type, spectrum, tf.constant(length)));
                }));
            }
        }
        mistakes.add(new Mistake(
                "gather",
                "GatherV2",
                "batch_dims",
                tf -> tf.gather(
                        ones(tf, 6, 2), tf.constant(new int[] {0, 1}), tf.constant(0), Gather.batchDims(100L))));
        mistakes.add(new Mistake(
                "gather from the back",
                "GatherV2",
                "batch_dims",
                tf -> tf.gather(ones(tf, 6, 2), tf.constant(new int[] {0, 1}), tf.constant(0), Gather.batchDims(-3L))));
        for (String type : List.of("Update", "Add", "Sub", "Max", "Min")) {
            mistakes.add(new Mistake(
                    "scatter into a scalar " + type,
                    "TensorScatter" + type,
                    "",
                    tf -> make(builder(
                            tf,
                            "TensorScatter" + type,
                            tf.constant(1f),
                            tf.zeros(tf.constant(new int[] {6, 3, 6}), TInt64.class),
                            ones(tf, 6)))));
            mistakes.add(new Mistake(
                    "scatter too deep " + type,
                    "TensorScatter" + type,
                    "",
                    tf -> make(builder(
                            tf,
                            "TensorScatter" + type,
                            ones(tf, 4),
                            tf.zeros(tf.constant(new int[] {6, 3, 3}), TInt32.class),
                            ones(tf, 6)))));
        }
        mistakes.add(new Mistake(
                "negative sizes",
                "Conv2DBackpropInput",
                "negative",
                tf -> make(builder(
                                tf,
                                "Conv2DBackpropInput",
                                tf.constant(new int[] {1, -4, 4, 1}),
                                ones(tf, 1, 1, 1, 1),
                                ones(tf, 1, 4, 4, 1))
                        .setAttr("strides", one)
                        .setAttr("padding", "SAME"))));
        for (String type : List.of("Conv2D", "DepthwiseConv2dNative")) {
            mistakes.add(new Mistake(
                    type + " of the gradient of another",
                    type + "BackpropFilter",
                    "",
                    tf -> make(builder(
                                    tf,
                                    type + "BackpropFilter",
                                    ones(tf, 3, 3, 2, 1),
                                    tf.constant(new int[] {1, 1, 1, 2}),
                                    ones(tf, 3, 2, 1, 1))
                            .setAttr("strides", one)
                            .setAttr("padding", "VALID"))));
            mistakes.add(new Mistake(
                    type + " of other channels",
                    type,
                    "channels",
                    tf -> make(builder(tf, type, ones(tf, 4, 2, 6, 5), ones(tf, 1, 2, 2, 3))
                            .setAttr("strides", one)
                            .setAttr("padding", "SAME"))));
        }
        mistakes.add(new Mistake(
                "average of a smaller image",
                "AvgPoolGrad",
                "the gradient is not one of an image",
                tf -> make(builder(tf, "AvgPoolGrad", tf.constant(new int[] {1, 2, 2, 1}), ones(tf, 1, 6, 6, 1))
                        .setAttr("ksize", one)
                        .setAttr("strides", one)
                        .setAttr("padding", "VALID"))));
        mistakes.add(new Mistake(
                "parts",
                "Unpack",
                "it gives 3 parts",
                tf -> make(builder(tf, "Unpack", ones(tf, 3)).setAttr("num", (long) Integer.MAX_VALUE))));
        mistakes.add(new Mistake(
                "beams",
                "CTCBeamSearchDecoder",
                "beams",
                tf -> make(builder(tf, "CTCBeamSearchDecoder", ones(tf, 3, 1, 4), tf.constant(new int[] {3}))
                        .setAttr("beam_width", (long) Integer.MAX_VALUE)
                        .setAttr("top_paths", 1L))));
        mistakes.add(
                new Mistake("replica", "XlaReplicaId", "neither at once", tf -> make(builder(tf, "XlaReplicaId"))));
        return mistakes.stream();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void isRefusedAtOnceAndTraced(Mistake mistake) {
        assertRefused(mistake.type(), mistake.advice(), mistake.call());
    }

    /** Wherever the numbers come from: constants, arithmetic, a variable, the input of a function. */
    static Stream<Arguments> numbers() {
        return Stream.<Named<BiFunction<Ops, Operand<TInt32>, Operand<?>>>>of(
                        Named.of("Transpose", (tf, v) -> tf.linalg.transpose(matrix(tf), v)),
                        Named.of("ConjugateTranspose", (tf, v) -> tf.linalg.conjugateTranspose(matrix(tf), v)),
                        Named.of("RFFT2D", (tf, v) -> transformed(tf, tf.math.add(v, tf.constant(new int[] {1, 1})))),
                        Named.of("RFFT2D of 0", (tf, v) -> transformed(tf, tf.math.maximum(v, tf.constant(0)))))
                .flatMap(call -> Stream.of(new int[] {-1, 0}, new int[] {1, -2}, new int[] {0, -1})
                        .map(numbers -> Arguments.of(call, Named.of(Arrays.toString(numbers), numbers))));
    }

    /** The real part: functions of TensorFlow Java give no complex numbers. */
    private static Operand<TFloat32> transformed(Ops tf, Operand<TInt32> length) {
        return make(builder(tf, "Real", make(builder(tf, "RFFT2D", ones(tf, 4, 4), length))));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("numbers")
    void numbersThatAreComputedAreRefusedLikeConstants(
            BiFunction<Ops, Operand<TInt32>, Operand<?>> call, int[] numbers) {
        Ops tf = session.tf();
        Spec vector = new Spec(DataType.DT_INT32, Shape.of(2));
        Variable<TInt32> variable = Variable.create(tf, "numbers", tf.constant(numbers), false);
        assertThrows(OpException.class, () -> call.apply(tf, tf.math.add(tf.constant(numbers), tf.constant(0))));
        assertThrows(OpException.class, () -> call.apply(tf, variable.read(tf)));
        assertThrows(
                OpException.class, () -> run(List.of(vector), (ops, in) -> call.apply(ops, int32(in.get(0))), numbers));
        assertThrows(
                OpException.class,
                () -> run(
                        List.of(vector),
                        (ops, in) -> call.apply(ops, ops.math.add(int32(in.get(0)), ops.constant(0))),
                        numbers));
        assertThrows(
                OpException.class,
                () -> run(List.of(vector), (ops, in) -> call.apply(ops, variable.read(ops)), numbers));
        assertThrows(
                OpException.class,
                () -> run(
                        List.of(vector),
                        (ops, in) -> call.apply(ops, ops.math.add(ops.constant(numbers), ops.constant(0))),
                        numbers));
    }

    private void run(List<Spec> specs, BiFunction<Ops, List<Operand<?>>, Operand<?>> body, int[] numbers) {
        try (TracedFunction function =
                TracedFunction.trace(session, "f", specs, (ops, in) -> List.of(body.apply(ops, in)))) {
            function.call(List.of(session.tf().constant(numbers)));
        }
    }

    @SuppressWarnings("unchecked") // The specs say int32.
    private static Operand<TInt32> int32(Operand<?> operand) {
        return (Operand<TInt32>) operand;
    }

    static Stream<String> crops() {
        return Stream.of("CropAndResize", "CropAndResizeGradImage", "CropAndResizeGradBoxes");
    }

    private static Operand<TFloat32> crop(Ops tf, String type, Operand<TFloat32> boxes) {
        Operand<TInt32> which = tf.constant(new int[] {0, 1});
        Operand<TFloat32> image = ones(tf, 2, 5, 5, 3);
        Operand<TFloat32> crops = ones(tf, 2, 3, 3, 3);
        return switch (type) {
            case "CropAndResize" -> make(builder(tf, type, image, boxes, which, tf.constant(new int[] {3, 3})));
            case "CropAndResizeGradImage" ->
                make(builder(tf, type, crops, boxes, which, tf.constant(new int[] {2, 5, 5, 3}))
                        .setAttr("T", DataType.DT_FLOAT));
            default -> make(builder(tf, type, crops, image, boxes, which));
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("crops")
    void boxesFarOutsideAreTakenAndSuchAsAreNoNumbersRefused(String type) {
        for (float far : new float[] {3e38f, Float.MAX_VALUE, 1e20f}) {
            float[][] boxes = {{-far, -far, far, far}, {0, 0, 1, 1}};
            Operand<TFloat32> now = crop(session.tf(), type, session.tf().constant(boxes));
            try (TracedFunction function = TracedFunction.trace(
                    session, "crop", List.of(), (tf, in) -> List.of(crop(tf, type, tf.constant(boxes))))) {
                Output<?> traced = function.call(List.of()).get(0);
                assertEquals(Tensors.shape(now), Tensors.shape(traced));
                session.read(now, tensor -> tensor.size());
            }
        }
        for (float none : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[][] boxes = {{none, 0, 1, 1}, {0, 0, 1, 1}};
            assertThrows(
                    OpException.class,
                    () -> crop(session.tf(), type, session.tf().constant(boxes)));
        }
    }
}
