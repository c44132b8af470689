package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.GradientException;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** Kernels that take sizes, types and words on trust, and end the process, or give memory that nobody has written. */
class UncheckedKernelsTest {

    private static final long[] ONES = {1, 1, 1, 1};

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();

    @AfterEach
    void close() {
        session.close();
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

    private static Operand<?> variable(Ops tf) {
        Output<?> handle = tf.scope()
                .opBuilder("VarHandleOp", "Handle")
                .setAttr("dtype", DataType.DT_FLOAT)
                .setAttr("shape", Shape.of(2))
                .setAttr("shared_name", "v")
                .build()
                .output(0);
        builder(tf, "AssignVariableOp", handle, ones(tf, 2)).build();
        return handle;
    }

    /** @param words of the message */
    record Mistake(String type, String words, Function<Ops, Operation> call) {
        @Override
        public String toString() {
            return type + " " + words;
        }
    }

    static Stream<Mistake> mistakes() {
        List<Mistake> mistakes = new ArrayList<>();
        for (String type : List.of("ResourceApplyGradientDescent", "ResourceScatterNdUpdate", "ResourceGatherNd")) {
            mistakes.add(new Mistake(type, "is a variable of float32", tf -> switch (type) {
                case "ResourceGatherNd" ->
                    builder(tf, type, variable(tf), tf.constant(new int[] {0}))
                            .setAttr("dtype", DataType.DT_DOUBLE)
                            .build();
                case "ResourceScatterNdUpdate" ->
                    builder(tf, type, variable(tf), tf.constant(new int[] {0}), tf.constant(1.0))
                            .build();
                default ->
                    builder(tf, type, variable(tf), tf.constant(0.1), tf.constant(new double[] {1, 2}))
                            .build();
            }));
        }
        mistakes.add(new Mistake(
                "BoostedTreesPredict", "boosted trees", tf -> builder(tf, "BoostedTreesPredict", variable(tf))
                        .addInputList(new Output<?>[] {tf.constant(0).asOutput()})
                        .setAttr("logits_dimension", 1L)
                        .build()));
        mistakes.add(new Mistake("FractionalAvgPoolGrad", "borders that the pool gave", tf -> builder(
                        tf,
                        "FractionalAvgPoolGrad",
                        tf.constant(new long[] {1, 4, 4, 1}),
                        ones(tf, 1, 2, 2, 1),
                        tf.constant(new long[] {0, 2, 4}),
                        tf.constant(new long[] {0, 2, 99}))
                .build()));
        mistakes.add(new Mistake("ImageProjectiveTransformV2", "interpolation", tf -> builder(
                        tf, "ImageProjectiveTransformV2", ones(tf, 1, 2, 2, 1), ones(tf, 1, 8), tf.constant(new int[] {
                            2, 2
                        }))
                .setAttr("interpolation", "a")
                .build()));
        mistakes.add(new Mistake(
                "RFFT", "nothing to transform", tf -> builder(tf, "RFFT", ones(tf, 0), tf.constant(new int[] {4}))
                        .build()));
        for (String type : List.of("DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter")) {
            boolean toImage = type.endsWith("Input");
            mistakes.add(new Mistake(type, "dilations", tf -> builder(
                            tf,
                            type,
                            toImage ? tf.constant(new int[] {1, 5, 5, 1}) : ones(tf, 1, 5, 5, 1),
                            toImage ? ones(tf, 2, 2, 1, 1) : tf.constant(new int[] {2, 2, 1, 1}),
                            ones(tf, 1, 3, 3, 1))
                    .setAttr("strides", ONES)
                    .setAttr("dilations", new long[] {1, 2, 2, 1})
                    .setAttr("padding", "VALID")
                    .build()));
            mistakes.add(new Mistake(type, "4 sizes", tf -> builder(
                            tf,
                            type,
                            toImage ? tf.constant(new int[] {2}) : ones(tf, 1, 5, 5, 1),
                            toImage ? ones(tf, 2, 2, 1, 1) : tf.constant(new int[] {2}),
                            ones(tf, 1, 3, 3, 1))
                    .setAttr("strides", ONES)
                    .setAttr("padding", "VALID")
                    .build()));
        }
        for (String type : List.of("XlaSvd", "XlaSelfAdjointEig")) {
            mistakes.add(new Mistake(type, "takes matrices", tf -> {
                OperationBuilder builder =
                        builder(tf, type, ones(tf, 3)).setAttr("max_iter", 2L).setAttr("epsilon", 0.1f);
                return (type.endsWith("Svd") ? builder.setAttr("precision_config", "") : builder.setAttr("lower", true))
                        .build();
            }));
        }
        mistakes.add(new Mistake("SplitV", "input 1 must have 1 dimensions", tf -> builder(
                        tf, "SplitV", ones(tf, 3), tf.constant(0), tf.constant(0))
                .setAttr("num_split", 5L)
                .build()));
        mistakes.add(new Mistake("SplitDedupData", "neither at once", tf -> builder(tf, "SplitDedupData", list(tf))
                .setAttr("integer_type", DataType.DT_UINT32)
                .setAttr("float_type", DataType.DT_FLOAT)
                .setAttr("tuple_mask", "")
                .build()));
        mistakes.add(new Mistake("TfLiteSubgraphExecute", "neither at once", tf -> builder(
                        tf, "TfLiteSubgraphExecute", tf.constant("no model"))
                .addInputList(new Output<?>[] {ones(tf, 1).asOutput()})
                .setAttr("Tout", new DataType[] {DataType.DT_FLOAT})
                .build()));
        mistakes.add(new Mistake("ParseExampleDatasetV2", "a shape for each", tf -> builder(
                        tf, "ParseExampleDatasetV2", list(tf), tf.constant(1L))
                .addInputList(
                        new Output<?>[] {ones(tf, 1).asOutput(), ones(tf, 1).asOutput()})
                .setAttr("sparse_keys", new String[0])
                .setAttr("dense_keys", new String[] {"a", "b"})
                .setAttr("sparse_types", new DataType[0])
                .setAttr("dense_shapes", new Shape[] {Shape.of(1)})
                .setAttr("output_types", new DataType[] {DataType.DT_FLOAT})
                .setAttr("output_shapes", new Shape[] {Shape.of(1)})
                .build()));
        return mistakes.stream();
    }

    private static Operand<?> list(Ops tf) {
        return builder(tf, "TensorListFromTensor", ones(tf, 3, 2), tf.constant(new int[] {2}))
                .build()
                .output(0);
    }

    /** Nobody has written the unknowns. */
    @Test
    void theLeastThatSolveNoEquationsAreZeros() {
        Ops tf = session.tf();
        for (boolean fast : new boolean[] {false, true}) {
            Output<?> x = builder(tf, "MatrixSolveLs", ones(tf, 2, 0, 3), ones(tf, 2, 0, 1), tf.constant(0.0))
                    .setAttr("fast", fast)
                    .build()
                    .output(0);
            assertEquals(Shape.of(2, 3, 1), Tensors.shape(x));
            assertArrayEquals(new double[6], session.doubles(x));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void isRefusedAtOnceAndTraced(Mistake mistake) {
        OpException now = assertThrows(OpException.class, () -> mistake.call().apply(session.tf()));
        OpException traced = assertThrows(
                OpException.class,
                () -> TracedFunction.trace(session, "mistake", List.of(), (tf, in) -> {
                    mistake.call().apply(tf);
                    return List.of(tf.constant(0));
                }));
        for (OpException e : List.of(now, traced)) {
            assertTrue(e.getMessage().contains(mistake.words()), e.getMessage());
        }
    }

    /** Eager mode does not ask the shape functions, of which kernels take it that they have been asked. */
    static Stream<Mistake> ranks() {
        return Stream.of(
                new Mistake("FusedPadConv2D", "", tf -> builder(
                                tf, "FusedPadConv2D", ones(tf, 3), tf.constant(1), ones(tf, 3))
                        .setAttr("mode", "REFLECT")
                        .setAttr("strides", ONES)
                        .setAttr("padding", "SAME")
                        .build()),
                new Mistake("ParseExample", "", tf -> builder(tf, "ParseExample", tf.constant("a"), tf.constant("b"))
                        .addInputList(new Output<?>[0])
                        .addInputList(new Output<?>[0])
                        .addInputList(new Output<?>[0])
                        .setAttr("sparse_types", new DataType[0])
                        .setAttr("dense_shapes", new Shape[0])
                        .build()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ranks")
    void shapeFunctionsAreAskedAtOnceAsInAGraph(Mistake mistake) {
        OpException e = assertThrows(OpException.class, () -> mistake.call().apply(session.tf()));
        assertEquals(mistake.type(), e.type());
        assertEquals(
                6, session.doubles(session.tf().math.add(ones(session.tf(), 2, 3), ones(session.tf(), 2, 3))).length);
    }

    private double[] fed(int[] sizes, Shape kernel) {
        List<Spec> specs = List.of(
                new Spec(DataType.DT_INT32, Shape.of(4)),
                new Spec(DataType.DT_FLOAT, kernel),
                new Spec(DataType.DT_FLOAT, Shape.of(-1, 2, 2, 3)));
        try (TracedFunction function = TracedFunction.trace(
                        session,
                        "fed",
                        specs,
                        (tf, in) -> List.of(builder(tf, "Conv2DBackpropInput", in.get(0), in.get(1), in.get(2))
                                .setAttr("strides", new long[] {1, 2, 2, 1})
                                .setAttr("padding", "VALID")
                                .build()
                                .output(0)));
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            return session.doubles(
                    function.call(List.of(tf.constant(sizes), ones(tf, 2, 2, 1, 3), ones(tf, 2, 2, 2, 3)))
                            .get(0));
        }
    }

    @Test
    void sizesThatAreFedAreHeldAgainstTheGradientWhenTheGraphRuns() {
        Ops tf = session.tf();
        try (TensorScope scope = session.scope()) {
            double[] expected = session.doubles(builder(
                            tf,
                            "Conv2DBackpropInput",
                            tf.constant(new int[] {2, 5, 4, 1}),
                            ones(tf, 2, 2, 1, 3),
                            ones(tf, 2, 2, 2, 3))
                    .setAttr("strides", new long[] {1, 2, 2, 1})
                    .setAttr("padding", "VALID")
                    .build()
                    .output(0));
            for (Shape kernel : List.of(Shape.of(2, 2, 1, 3), Shape.of(-1, -1, -1, -1))) {
                assertArrayEquals(expected, fed(new int[] {2, 5, 4, 1}, kernel));
                for (int[] wrong : new int[][] {{3, 5, 4, 1}, {2, 9, 4, 1}, {2, -5, 4, 1}, {2, 0, 0, 1}}) {
                    assertThrows(OpException.class, () -> fed(wrong, kernel));
                }
            }
        }
    }

    /**
     * A gradient op of a graph whose sizes all turn out when it runs.
     *
     * @param right shapes of the operand that gives the sizes, and of the two others, that go together
     * @param wrong shapes that do not
     */
    record Open(String type, List<Shape> right, List<List<Shape>> wrong) {
        @Override
        public String toString() {
            return type + right;
        }

        private Operation make(Ops tf, Output<?> like, Output<?> first, Output<?> second) {
            Operand<?> sizes = tf.shape(like);
            OperationBuilder builder =
                    switch (type) {
                        case "AvgPoolGrad" ->
                            builder(tf, type, sizes, second).setAttr("ksize", new long[] {1, 2, 2, 1});
                        case "Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput" ->
                            builder(tf, type, sizes, first, second);
                        default -> builder(tf, type, first, sizes, second);
                    };
            return builder.setAttr("strides", new long[] {1, 2, 2, 1})
                    .setAttr("padding", "VALID")
                    .build();
        }
    }

    static Stream<Open> open() {
        Shape image = Shape.of(2, 5, 5, 1);
        Shape kernel = Shape.of(2, 2, 1, 3);
        Shape dy = Shape.of(2, 2, 2, 3);
        Shape more = Shape.of(2, 9, 5, 1);
        List<Open> rows = new ArrayList<>();
        for (String type : List.of("Conv2DBackprop", "DepthwiseConv2dNativeBackprop")) {
            rows.add(new Open(
                    type + "Input",
                    List.of(image, kernel, dy),
                    List.of(
                            List.of(more, kernel, dy),
                            List.of(Shape.of(2, 1, 1, 1), kernel, dy),
                            List.of(image, kernel, Shape.of(1, 2, 2, 3)),
                            List.of(Shape.of(3, 5, 5, 1), kernel, dy))));
            rows.add(new Open(
                    type + "Filter",
                    List.of(kernel, image, dy),
                    List.of(
                            List.of(kernel, more, dy),
                            List.of(Shape.of(4, 4, 1, 3), image, dy),
                            List.of(kernel, image, Shape.of(3, 2, 2, 3)))));
        }
        Shape pooled = Shape.of(2, 2, 2, 1);
        rows.add(new Open(
                "AvgPoolGrad",
                List.of(image, image, pooled),
                List.of(
                        List.of(more, image, pooled),
                        List.of(Shape.of(2, 1, 1, 1), image, pooled),
                        List.of(Shape.of(2, 5, 5, 2), image, pooled))));
        return rows.stream();
    }

    private double[] call(Open row, List<Shape> given) {
        Shape unknown = Shape.of(-1, -1, -1, -1);
        List<Spec> specs = given.stream()
                .map(shape -> new Spec(DataType.DT_FLOAT, unknown))
                .toList();
        try (TracedFunction function = TracedFunction.trace(
                        session,
                        "open",
                        specs,
                        (tf, in) -> List.of(row.make(
                                        tf,
                                        in.get(0).asOutput(),
                                        in.get(1).asOutput(),
                                        in.get(2).asOutput())
                                .output(0)));
                TensorScope scope = session.scope()) {
            return session.doubles(function.call(given.stream()
                            .map(shape -> ones(session.tf(), shape.asArray()))
                            .toList())
                    .get(0));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("open")
    void sizesOfAnyOperandAreHeldAgainstTheGradientWhenTheGraphRuns(Open row) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            List<Output<?>> in = new ArrayList<>();
            row.right().forEach(shape -> in.add(ones(tf, shape.asArray()).asOutput()));
            double[] expected = session.doubles(
                    row.make(tf, in.get(0), in.get(1), in.get(2)).output(0));
            assertArrayEquals(expected, call(row, row.right()));
        }
        for (List<Shape> wrong : row.wrong()) {
            assertThrows(OpException.class, () -> call(row, wrong), wrong.toString());
        }
    }

    private Output<?> moved(Ops tf, String type, boolean same, List<? extends Operand<?>> in) {
        int rank = type.startsWith("Conv3D") ? 5 : 4;
        long[] strides = new long[rank];
        Arrays.fill(strides, 1, rank - 1, 3);
        strides[0] = 1;
        strides[rank - 1] = 1;
        List<Operand<?>> inputs = new ArrayList<>(in);
        if (type.contains("Backprop")) {
            int sizes = type.contains("Input") ? 0 : 1;
            inputs.set(sizes, tf.shape(in.get(sizes)));
        }
        return builder(tf, type, inputs.toArray(new Operand<?>[0]))
                .setAttr("strides", strides)
                .setAttr("padding", same ? "SAME" : "VALID")
                .build()
                .output(0);
    }

    static Stream<Arguments> openWindows() {
        List<Arguments> rows = new ArrayList<>();
        for (String type : List.of("Conv2D", "DepthwiseConv2dNative", "Conv3D")) {
            String version = type.equals("Conv3D") ? "V2" : "";
            for (String way : List.of("", "BackpropInput" + version, "BackpropFilter" + version)) {
                for (boolean same : new boolean[] {false, true}) {
                    for (int window : new int[] {1, 2}) {
                        rows.add(Arguments.of(type + way, same, window));
                    }
                }
            }
        }
        return rows.stream();
    }

    /** Of one element that takes steps kernels of oneDNN write past their memory, and those of Conv3D take different ones. */
    @ParameterizedTest(name = "{0} same {1} window {2}")
    @MethodSource("openWindows")
    void aWindowWhoseSizeTurnsOutWhenTheGraphRunsIsThatOfOneThatIsKnown(String type, boolean same, int window) {
        boolean deep = type.startsWith("Conv3D");
        for (int size : new int[] {6, 7, 8}) {
            long places = same ? (size + 2) / 3 : (size - window) / 3 + 1;
            Shape image = deep ? Shape.of(2, size, size, size, 2) : Shape.of(2, size, size, 2);
            Shape kernel = deep ? Shape.of(window, 1, window, 2, 3) : Shape.of(window, window, 2, 3);
            long out = type.startsWith("Depthwise") ? 6 : 3;
            Shape dy = deep
                    ? Shape.of(2, places, same ? places : (size - 1) / 3 + 1, places, out)
                    : Shape.of(2, places, places, out);
            List<Shape> shapes = type.contains("Backprop") ? List.of(image, kernel, dy) : List.of(image, kernel);
            int kernelAt = 1;
            try (TensorScope scope = session.scope()) {
                Ops tf = session.tf();
                List<Operand<?>> given = new ArrayList<>();
                for (Shape shape : shapes) {
                    float[] values = new float[(int) shape.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) Math.sin(1 + 0.7 * i);
                    }
                    given.add(tf.constant(shape, DataBuffers.of(values)));
                }
                double[] expected = session.doubles(moved(tf, type, same, given));
                List<Spec> specs = new ArrayList<>();
                for (int i = 0; i < shapes.size(); i++) {
                    long[] open = shapes.get(i).asArray();
                    Arrays.fill(open, 0, i == kernelAt ? open.length - 2 : 1, -1);
                    specs.add(new Spec(DataType.DT_FLOAT, Shape.of(open)));
                }
                try (TracedFunction function =
                        TracedFunction.trace(session, "open", specs, (t, in) -> List.of(moved(t, type, same, in)))) {
                    assertArrayEquals(
                            expected, session.doubles(function.call(given).get(0)), 1e-5, type + size);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"AvgPoolGrad", "Conv2DBackpropFilter"})
    void sizesThatNothingCanBeHeldAgainstAreRefusedWhenTraced(String type) {
        OpException e = assertThrows(
                OpException.class,
                () -> TracedFunction.trace(
                        session, "fed", List.of(new Spec(DataType.DT_INT32, Shape.of(4))), (tf, in) -> {
                            boolean pool = type.startsWith("Avg");
                            OperationBuilder builder = pool
                                    ? builder(tf, type, in.get(0), ones(tf, 1, 2, 2, 1))
                                            .setAttr("ksize", ONES)
                                    : builder(tf, type, ones(tf, 1, 2, 2, 1), in.get(0), ones(tf, 1, 2, 2, 1));
                            return List.of(builder.setAttr("strides", ONES)
                                    .setAttr("padding", "VALID")
                                    .build()
                                    .output(0));
                        }));
        assertTrue(e.getMessage().contains("tf.shape(x)"), e.getMessage());
    }

    /** Rules that count dimensions from the back said nothing but the size of an array. */
    @ParameterizedTest
    @ValueSource(strings = {"Cholesky", "MatrixSquareRoot", "TopKV2"})
    void aGradientThatNeedsTheRankSaysSo(String type) {
        GradientException e = assertThrows(
                GradientException.class,
                () -> TracedFunction.trace(
                        session, "open", List.of(new Spec(DataType.DT_FLOAT, Shape.unknown())), (tf, in) -> {
                            try (GradientTape tape = GradientTape.open(tf)) {
                                tape.watch(in.get(0));
                                Operation op = (type.equals("TopKV2")
                                                ? builder(tf, type, in.get(0), tf.constant(1))
                                                : builder(tf, type, in.get(0)))
                                        .build();
                                return List.of(
                                        tape.gradient(op.output(0), in.get(0)).orElseThrow());
                            }
                        }));
        assertTrue(e.getMessage().contains("how many dimensions"), e.getMessage());
    }

    /** Their kernels draw until a number is right, which of NaN none is. */
    @ParameterizedTest
    @ValueSource(strings = {"RandomPoissonV2", "StatelessRandomPoisson"})
    void aRateThatIsNotANumberIsRefused(String type) {
        Function<Ops, Operand<TFloat32>> draw = tf -> {
            Operand<?> shape = tf.constant(new int[] {2});
            Operand<?> rates = tf.math.div(tf.constant(new float[] {0, 1}), tf.constant(new float[] {0, 1}));
            return (type.startsWith("Stateless")
                            ? builder(tf, type, shape, tf.constant(new int[] {1, 2}), rates)
                                    .setAttr("dtype", DataType.DT_FLOAT)
                            : builder(tf, type, shape, rates).setAttr("dtype", DataType.DT_FLOAT))
                    .build()
                    .output(0);
        };
        assertThrows(OpException.class, () -> draw.apply(session.tf()));
        try (TracedFunction function =
                TracedFunction.trace(session, "draw", List.of(), (tf, in) -> List.of(draw.apply(tf)))) {
            OpException e = assertThrows(OpException.class, () -> function.call(List.of()));
            assertTrue(e.getMessage().contains("Tensor had NaN"), e.getMessage());
        }
    }
}
