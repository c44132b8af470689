package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Signature;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.PartitionedCall;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.StatefulCase;
import org.tensorflow.op.core.StatefulIf;
import org.tensorflow.op.core.StatefulPartitionedCall;
import org.tensorflow.op.core.StatelessCase;
import org.tensorflow.op.core.StatelessIf;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.FunctionDef;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.NodeDef;
import org.tensorflow.proto.OpDef;
import org.tensorflow.proto.VersionDef;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/** Gradients of ops that have TensorFlow's functions as attributes, against closed forms. */
class FunctionOpGradientTest {

    private static final double[] X = {0.4, 1.6, -2.2};

    private TapeSession session;
    private final List<ConcreteFunction> functions = new ArrayList<>();

    @BeforeEach
    void open() {
        session = TapeSession.builder().threads(1, 1).build();
    }

    @AfterEach
    void close() {
        functions.forEach(ConcreteFunction::close);
        session.close();
    }

    /** A function of one float64 tensor, made outside the session. */
    private ConcreteFunction function(String name, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f) {
        ConcreteFunction made = ConcreteFunction.create(tf -> {
            Placeholder<TFloat64> x = tf.placeholder(TFloat64.class);
            return Signature.builder(name)
                    .input("x", x)
                    .output("y", f.apply(tf, x))
                    .build();
        });
        functions.add(made);
        return made;
    }

    private ConcreteFunction wave() {
        return function("wave", (tf, x) -> tf.math.mul(tf.math.sin(x), tf.math.exp(tf.math.sin(x))));
    }

    private static double[] waveSlopes(double x) {
        double s = Math.sin(x);
        double c = Math.cos(x);
        return new double[] {s * Math.exp(s), (1 + s) * Math.exp(s) * c, Math.exp(s) * ((2 + s) * c * c - (1 + s) * s)};
    }

    private static double[] each(double[] x, DoubleUnaryOperator f) {
        return Arrays.stream(x).map(f).toArray();
    }

    private static Operand<TFloat64> derivative(
            Ops tf, BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f, Operand<TFloat64> x, int order) {
        if (order == 0) {
            return f.apply(tf, x);
        }
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            return tape.gradient(derivative(tf, f, x, order - 1), x).orElseThrow();
        }
    }

    /** Values and derivatives up to the second order, eager and traced. */
    private void assertDerivatives(
            double[] x,
            BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> f,
            BiFunction<Double, Integer, Double> is) {
        for (int order = 0; order <= 2; order++) {
            int n = order;
            double[] found =
                    TwoWays.result(session, x, new long[] {x.length}, true, (tf, at) -> derivative(tf, f, at, n));
            assertArrayEquals(each(x, at -> is.apply(at, n)), found, 1e-12, "order " + n);
        }
    }

    private static final List<Class<? extends TType>> ONE = List.of(TFloat64.class);

    @Test
    void callsHaveTheDerivativesOfTheirFunctions() {
        ConcreteFunction wave = wave();
        BiFunction<Double, Integer, Double> is = (x, n) -> waveSlopes(x)[n];
        assertDerivatives(
                X,
                (tf, x) -> TwoWays.typed(PartitionedCall.create(tf.scope(), List.of(x), ONE, wave)
                        .iterator()
                        .next()),
                is);
        assertDerivatives(
                X,
                (tf, x) -> TwoWays.typed(StatefulPartitionedCall.create(tf.scope(), List.of(x), ONE, wave)
                        .iterator()
                        .next()),
                is);
        assertDerivatives(X, (tf, x) -> TwoWays.typed(wave.call(tf, x)), is);
    }

    @Test
    void functionsInFunctionsAreFoundByTheirNames() {
        ConcreteFunction wave = wave();
        ConcreteFunction nested = function("nested", (tf, x) -> {
            Operand<TFloat64> twice = tf.math.add(x, x);
            return TwoWays.typed(wave.call(tf, TwoWays.typed(wave.call(tf, twice))));
        });
        double[] slope = TwoWays.result(
                session,
                X,
                new long[] {3},
                true,
                (tf, x) -> derivative(tf, (o, v) -> TwoWays.typed(nested.call(o, v)), x, 1));
        double[] is = each(X, x -> 2 * waveSlopes(2 * x)[1] * waveSlopes(waveSlopes(2 * x)[0])[1]);
        assertArrayEquals(is, slope, 1e-12);
    }

    @Test
    void listsOfInputsAndOutputsKeepTheirPlaces() {
        ConcreteFunction lists = function("lists", (tf, x) -> {
            List<Output<TFloat64>> parts = tf.split(tf.constant(0), x, 3L).output();
            return tf.concat(
                    List.of(tf.math.mul(parts.get(2), parts.get(1)), tf.math.square(parts.get(2))), tf.constant(0));
        });
        double[] slope = TwoWays.result(
                session,
                X,
                new long[] {3},
                false,
                (tf, x) -> derivative(tf, (o, v) -> TwoWays.typed(lists.call(o, v)), x, 1));
        assertArrayEquals(new double[] {0, X[2], X[1] + 2 * X[2]}, slope, 1e-12);
    }

    @Test
    void branchesHaveTheDerivativesOfTheFunctionThatRan() {
        ConcreteFunction wave = wave();
        ConcreteFunction cube = function("cube", (tf, x) -> tf.math.mul(x, tf.math.square(x)));
        BiFunction<Double, Integer, Double> is =
                (x, n) -> x > 1 ? new double[] {x * x * x, 3 * x * x, 6 * x}[n] : waveSlopes(x)[n];
        for (double x : new double[] {0.5, 1.5}) {
            assertDerivatives(
                    new double[] {x},
                    (tf, at) -> TwoWays.typed(StatefulIf.create(tf.scope(), above(tf, at), List.of(at), ONE, cube, wave)
                            .iterator()
                            .next()),
                    is);
            assertDerivatives(
                    new double[] {x},
                    (tf, at) -> TwoWays.typed(StatelessIf.create(
                                    tf.scope(),
                                    tf.dtypes.cast(above(tf, at), TFloat32.class),
                                    List.of(at),
                                    ONE,
                                    cube,
                                    wave)
                            .iterator()
                            .next()),
                    is);
        }
    }

    private static Operand<TBool> above(Ops tf, Operand<TFloat64> x) {
        return tf.math.greater(tf.gather(x, tf.constant(0), tf.constant(0)), tf.constant(1.0));
    }

    @Test
    void aBranchThatIsConstantHasTheGradientZero() {
        ConcreteFunction fixed = function("fixed", (tf, x) -> tf.onesLike(x));
        ConcreteFunction square = function("square", (tf, x) -> tf.math.square(x));
        for (double x : new double[] {0.5, 1.5}) {
            double[] slope = TwoWays.result(
                    session,
                    new double[] {x},
                    new long[] {1},
                    true,
                    (tf, at) -> derivative(
                            tf,
                            (o, v) -> TwoWays.typed(
                                    StatefulIf.create(o.scope(), above(o, v), List.of(v), ONE, square, fixed)
                                            .iterator()
                                            .next()),
                            at,
                            1));
            assertArrayEquals(new double[] {x > 1 ? 2 * x : 0}, slope, 1e-12);
        }
    }

    @Test
    void casesHaveTheDerivativesOfTheFunctionThatRan() {
        List<ConcreteFunction> branches = List.of(
                wave(),
                function("cube", (tf, x) -> tf.math.mul(x, tf.math.square(x))),
                function("neg", (tf, x) -> tf.math.neg(x)));
        for (int index : new int[] {0, 1, 2, 3, -1}) {
            BiFunction<Double, Integer, Double> is = (x, n) -> switch (index) {
                case 0 -> waveSlopes(x)[n];
                case 1 -> new double[] {x * x * x, 3 * x * x, 6 * x}[n];
                default -> new double[] {-x, -1, 0}[n];
            };
            BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> stateful = (tf, x) ->
                    TwoWays.typed(StatefulCase.create(tf.scope(), tf.constant(index), List.of(x), ONE, branches)
                            .iterator()
                            .next());
            BiFunction<Ops, Operand<TFloat64>, Operand<TFloat64>> stateless = (tf, x) ->
                    TwoWays.typed(StatelessCase.create(tf.scope(), tf.constant(index), List.of(x), ONE, branches)
                            .iterator()
                            .next());
            for (int order = 0; order <= (index == 1 ? 2 : 1); order++) {
                int n = order;
                for (var f : List.of(stateful, stateless)) {
                    double[] found =
                            TwoWays.result(session, X, new long[] {3}, true, (tf, x) -> derivative(tf, f, x, n));
                    assertArrayEquals(each(X, x -> is.apply(x, n)), found, 1e-12, index + " of order " + n);
                }
            }
        }
    }

    @Test
    void branchesInsideFunctionsHaveGradients() {
        ConcreteFunction wave = wave();
        ConcreteFunction cube = function("cube", (tf, x) -> tf.math.mul(x, tf.math.square(x)));
        ConcreteFunction outer = function(
                "outer",
                (tf, x) -> TwoWays.typed(StatefulIf.create(tf.scope(), above(tf, x), List.of(x), ONE, cube, wave)
                        .iterator()
                        .next()));
        BiFunction<Double, Integer, Double> is =
                (x, n) -> x > 1 ? new double[] {x * x * x, 3 * x * x, 6 * x}[n] : waveSlopes(x)[n];
        for (double x : new double[] {0.5, 1.5}) {
            assertDerivatives(new double[] {x}, (tf, at) -> TwoWays.typed(outer.call(tf, at)), is);
        }
    }

    @Test
    void aClosedFunctionHasNoGradientToGive() {
        ConcreteFunction wave = wave();
        Ops tf = session.tf();
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat64> x = tf.constant(X);
            tape.watch(x);
            Operand<?> y = wave.call(tf, x);
            wave.close();
            functions.clear();
            IllegalStateException error = assertThrows(IllegalStateException.class, () -> tape.gradient(y, x));
            assertTrue(error.getMessage().contains("closed"), error.getMessage());
        }
    }

    /** A function that multiplies by the variable whose handle it is given. */
    private ConcreteFunction times(String name, double factor) {
        ConcreteFunction made = ConcreteFunction.create(tf -> {
            Placeholder<TFloat64> x = tf.placeholder(TFloat64.class);
            Output<?> handle = tf.scope()
                    .opBuilder("Placeholder", "handle")
                    .setAttr("dtype", DataType.DT_RESOURCE)
                    .build()
                    .output(0);
            Operand<TFloat64> w = tf.scope()
                    .opBuilder("ReadVariableOp", "read")
                    .addInput(handle)
                    .setAttr("dtype", DataType.DT_DOUBLE)
                    .build()
                    .output(0);
            return Signature.builder(name)
                    .input("x", x)
                    .input("handle", handle)
                    .output("y", tf.math.mul(tf.math.mul(x, w), tf.constant(factor)))
                    .build();
        });
        functions.add(made);
        return made;
    }

    /** In a call the variable is found; the branch that did not run would need zeros like a value nobody has read. */
    @Test
    void aVariablesHandleGivenToACallHasAGradientAndOneGivenToABranchIsRefusedInWords() {
        ConcreteFunction twice = times("twice", 2);
        ConcreteFunction thrice = times("thrice", 3);
        Ops tf = session.tf();
        Variable<TFloat64> w = Variable.create(tf, "w", tf.constant(5.0), true);
        int live = session.liveHandles();
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.persistent(tf)) {
            Operand<TFloat64> x = tf.constant(X);
            tape.watch(x);
            List<Operand<?>> given = List.of(x, w.handle(tf));
            Operand<?> called = PartitionedCall.create(tf.scope(), given, ONE, twice)
                    .iterator()
                    .next();
            Operand<TFloat64> ofCall =
                    tape.gradients(called, Parameters.of(w)).of(w).orElseThrow();
            assertEquals(2 * (X[0] + X[1] + X[2]), session.scalar(ofCall), 1e-12);
            Operand<?> chosen = StatefulIf.create(tf.scope(), tf.constant(true), given, ONE, twice, thrice)
                    .iterator()
                    .next();
            assertArrayEquals(
                    new double[] {10, 10, 10},
                    TwoWays.read(session, tape.gradient(chosen, x).orElseThrow()),
                    1e-12);
            GradientException error =
                    assertThrows(GradientException.class, () -> tape.gradients(chosen, Parameters.of(w)));
            for (String word :
                    List.of("op If", "Input 2", "handle of a trainable variable", "read the variable outside")) {
                assertTrue(error.getMessage().contains(word), error.getMessage());
            }
        }
        assertEquals(live, session.liveHandles());
    }

    private static AttrValue bytes(ByteString value) {
        return AttrValue.newBuilder().setS(value).build();
    }

    private static FunctionDef.Builder unary(String name) {
        OpDef.ArgDef.Builder argument = OpDef.ArgDef.newBuilder().setType(DataType.DT_DOUBLE);
        return FunctionDef.newBuilder()
                .setSignature(OpDef.newBuilder()
                        .setName(name)
                        .addInputArg(argument.clone().setName("x"))
                        .addOutputArg(argument.setName("y")));
    }

    /** A function as Python writes it: it calls another by an op whose config_proto is a message that is no text. */
    private static FunctionDef calling(String name, String called) {
        AttrValue types = AttrValue.newBuilder()
                .setList(AttrValue.ListValue.newBuilder().addType(DataType.DT_DOUBLE))
                .build();
        ByteString config = ConfigProto.newBuilder()
                .putDeviceCount("CPU", 1)
                .setExperimental(ConfigProto.Experimental.getDefaultInstance())
                .build()
                .toByteString();
        assertFalse(config.isValidUtf8());
        return unary(name)
                .addNodeDef(NodeDef.newBuilder()
                        .setName("n")
                        .setOp("StatefulPartitionedCall")
                        .addInput("x")
                        .putAttr("Tin", types)
                        .putAttr("Tout", types)
                        .putAttr("config_proto", bytes(config))
                        .putAttr("config", bytes(ByteString.EMPTY))
                        .putAttr("executor_type", bytes(ByteString.EMPTY))
                        .putAttr(
                                "f",
                                AttrValue.newBuilder()
                                        .setFunc(NameAttrList.newBuilder().setName(called))
                                        .build()))
                .putRet("y", "n:output:0")
                .build();
    }

    @Test
    void attributesThatAreBytesSurviveInCallsOfCalls() {
        FunctionDef inner = unary("inner")
                .addNodeDef(NodeDef.newBuilder()
                        .setName("n")
                        .setOp("Square")
                        .addInput("x")
                        .putAttr(
                                "T",
                                AttrValue.newBuilder()
                                        .setType(DataType.DT_DOUBLE)
                                        .build()))
                .putRet("y", "n:y:0")
                .build();
        FunctionDefLibrary library = FunctionDefLibrary.newBuilder()
                .addFunction(inner)
                .addFunction(calling("middle", "inner"))
                .addFunction(calling("outer", "middle"))
                .build();
        try (Graph graph = new Graph()) {
            graph.importGraphDef(GraphDef.newBuilder()
                    .setLibrary(library)
                    .setVersions(VersionDef.newBuilder().setProducer(1286))
                    .build());
            ConcreteFunction outer = graph.getFunction("outer");
            functions.add(outer);
            assertDerivatives(
                    X,
                    (tf, x) ->
                            TwoWays.typed(PartitionedCall.create(tf.scope(), List.of(x), List.of(TFloat64.class), outer)
                                    .output()
                                    .get(0)),
                    (x, order) -> List.of(x * x, 2 * x, 2.0).get(order));
        }
    }
}
