package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NodeDef;

/** What the updates of a compiled step wait for: whatever may fail, and nothing else. */
class UnfailingCallsTest {

    private static final Set<String> NOTHING = Set.of("Placeholder");

    private static final Shape IMAGE = Shape.of(2, 6, 6, 3);
    private static final Shape POOLED = Shape.of(2, 3, 3, 3);
    private static final Shape KERNEL = Shape.of(3, 3, 3, 4);
    private static final Shape MAPS = Shape.of(2, 6, 6, 4);

    /** An op of float32 inputs. */
    private record Row(String what, String type, Shape[] shapes, Set<String> awaited, Attributes attributes) {

        Row(String what, String type, Set<String> awaited, Shape... shapes) {
            this(what, type, shapes, awaited, op -> op);
        }

        Row with(Attributes more) {
            return new Row(what, type, shapes, awaited, more);
        }

        Operand<?> make(Ops tf, List<Operand<?>> given) {
            OperationBuilder op = tf.scope().opBuilder(type, type);
            given.forEach(input -> op.addInput(input.asOutput()));
            return attributes.on(op).build().output(0);
        }

        @Override
        public String toString() {
            return what;
        }
    }

    private interface Attributes {
        OperationBuilder on(OperationBuilder op);
    }

    private static OperationBuilder pool(OperationBuilder op) {
        return op.setAttr("ksize", new long[] {1, 2, 2, 1})
                .setAttr("strides", new long[] {1, 2, 2, 1})
                .setAttr("padding", "VALID");
    }

    private static Attributes window(long dilation) {
        return op -> op.setAttr("strides", new long[] {1, 1, 1, 1})
                .setAttr("dilations", new long[] {1, dilation, dilation, 1})
                .setAttr("padding", "SAME");
    }

    static Stream<Row> rows() {
        return Stream.of(
                new Row("relu", "Relu", NOTHING, IMAGE),
                new Row("the gradient of one", "ReluGrad", NOTHING, IMAGE, IMAGE),
                new Row("a gradient of another shape", "TanhGrad", Set.of("TanhGrad"), IMAGE, POOLED),
                new Row("a batch of any size", "Relu", Set.of("Relu"), Shape.of(-1, 6)),
                new Row("more than memory may have", "Relu", Set.of("Relu"), Shape.of(1 << 13, 1 << 13)),
                new Row("a product", "MatMul", NOTHING, Shape.of(2, 3), Shape.of(3, 4)),
                new Row("a broadcast sum", "AddV2", NOTHING, IMAGE, Shape.of(3)),
                new Row("a check of values", "CheckNumerics", Set.of("CheckNumerics"), IMAGE)
                        .with(op -> op.setAttr("message", "none")),
                new Row("an op that is not in the table", "Cholesky", Set.of("Cholesky"), Shape.of(3, 3)),
                new Row("a convolution", "Conv2D", NOTHING, IMAGE, KERNEL).with(window(1)),
                new Row("a convolution with gaps", "Conv2D", Set.of("Conv2D"), IMAGE, KERNEL).with(window(2)),
                new Row("a pool", "MaxPool", NOTHING, IMAGE).with(UnfailingCallsTest::pool),
                new Row("the gradient of a pool", "MaxPoolGrad", NOTHING, IMAGE, POOLED, POOLED)
                        .with(UnfailingCallsTest::pool),
                new Row("a gradient of no pool", "MaxPoolGrad", Set.of("MaxPoolGrad"), IMAGE, POOLED, MAPS)
                        .with(UnfailingCallsTest::pool),
                new Row("a pool of another image", "MaxPoolGrad", Set.of("MaxPoolGrad"), IMAGE, IMAGE, IMAGE)
                        .with(UnfailingCallsTest::pool));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void updatesWaitForOpsThatMayFail(Row row) {
        assertEquals(row.awaited(), awaited(specs(row.shapes()), row::make));
    }

    static Stream<Arguments> chains() {
        return Stream.of(
                Arguments.of(Set.of("CheckNumerics"), new String[] {"CheckNumerics", "Relu", "Neg"}),
                Arguments.of(Set.of("CheckNumerics"), new String[] {"Relu", "CheckNumerics", "Tanh", "Exp"}),
                Arguments.of(Set.of("MatrixInverse"), new String[] {"Cholesky", "MatrixInverse"}),
                Arguments.of(Set.of("Placeholder"), new String[] {"Tanh", "Exp", "Relu"}));
    }

    /** An op that cannot fail stands for those it is computed from. */
    @ParameterizedTest
    @MethodSource("chains")
    void ofOpsThatFollowOneAnotherTheLastThatMayFailIsAwaited(Set<String> awaited, String[] types) {
        assertEquals(awaited, awaited(specs(Shape.of(3, 3)), (tf, given) -> {
            Operand<?> x = given.get(0);
            for (String type : types) {
                OperationBuilder op = tf.scope().opBuilder(type, type).addInput(x.asOutput());
                x = (type.equals("CheckNumerics") ? op.setAttr("message", "none") : op)
                        .build()
                        .output(0);
            }
            return x;
        }));
    }

    private interface Made {
        Operand<?> of(Ops tf, List<Operand<?>> given);
    }

    private static List<Spec> specs(Shape... shapes) {
        return Stream.of(shapes)
                .map(shape -> new Spec(DataType.DT_FLOAT, shape))
                .toList();
    }

    /** The types of the ops that a fence waits for. */
    private static Set<String> awaited(List<Spec> inputs, Made made) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            var graphs = TracedGraphs.of(session).byName();
            TracedFunction.trace(session, "fenced", inputs, (tf, given) -> {
                Operand<?> result = made.of(tf, given);
                RecordingEnvironment.of(tf).fenceFailures(List.of(result));
                return List.of(tf.constant(1f), result);
            });
            GraphDef graph = graphs.get("fenced");
            NodeDef fence = graph.getNodeList().stream()
                    .filter(node -> node.getOp().equals("NoOp"))
                    .findAny()
                    .orElseThrow();
            Set<String> types = new TreeSet<>();
            for (String input : fence.getInputList()) {
                graph.getNodeList().stream()
                        .filter(node -> input.equals("^" + node.getName()))
                        .forEach(node -> types.add(node.getOp()));
            }
            return types;
        }
    }
}
