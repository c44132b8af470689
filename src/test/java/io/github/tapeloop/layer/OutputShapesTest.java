package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.Recompute;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** The shapes in a summary are those that calls give, of every layer, whoever calls it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OutputShapesTest {

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(3).build();

    @AfterAll
    void close() {
        session.close();
    }

    static Stream<LayerKind> kinds() {
        return LayerKind.all();
    }

    /** A model of a user's, which knows what its layer gave. */
    private static final class Around extends Model {
        private final Layer inner;
        private final boolean goesOn;
        private Shape given;

        Around(Layer inner, boolean goesOn) {
            this.inner = layer("inner", inner);
            this.goesOn = goesOn;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> y = LayerKind.call(inner, pass, x);
            given = Tensors.shape(y);
            return goesOn ? pass.tf().math.add(y, y) : y;
        }
    }

    /** The shape in the line of a layer. */
    private static String shown(Model model, String path) {
        String summary = model.summary();
        return summary.lines()
                .filter(line -> line.startsWith(path + " ("))
                .map(line -> line.replaceFirst("^.*?\\) +", "")
                        .replaceFirst("  .*", "")
                        .strip())
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + path + " in\n" + summary));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theShapeInTheSummaryIsThatOfACall(LayerKind kind) {
        DataType type = kind.takesIds() ? DataType.DT_INT32 : DataType.DT_FLOAT;
        Map<String, Spec> input =
                Map.of(Model.INPUT, new Spec(type, kind.small().prepend(-1)));
        for (boolean goesOn : List.of(false, true)) {
            Around model = new Around(kind.make().get(), goesOn);
            model.build(session, input);
            assertEquals(model.given.toString(), shown(model, "around/inner"), () -> kind + "\n" + model.summary());
            try (TensorScope scope = session.scope()) {
                Ops tf = session.tf();
                Operand<TFloat32> x =
                        tf.zeros(tf.constant(kind.small().prepend(2).asArray()), TFloat32.class);
                Shape traced = model.given;
                model.call(ForwardPass.training(tf), x);
                assertTrue(traced.isCompatibleWith(model.given), () -> traced + " and " + model.given);
            }
        }
    }

    /** What summaries must see through: layers in layers, one called twice, one that makes no op, one that is run again. */
    private static final class Deep extends Model {
        private final Deeper block = layer("block", new Deeper());
        private final Dense twice = layer("twice", new Dense(4));
        private final Dropout nothing = layer("nothing", new Dropout(0));
        private final Dense again = layer("again", new Dense(5));
        private final Lstm lstm = layer("lstm", new Lstm(2).returnSequences(true));
        private final Dense never = layer("never", new Dense(1));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> y = nothing.call(pass, block.call(pass, x));
            Ops tf = pass.tf();
            Operand<TFloat32> rows = tf.reshape(y, tf.constant(new int[] {-1, 4}));
            Operand<TFloat32> both = tf.concat(
                    List.of(tf.reshape(twice.call(pass, rows), tf.constant(new int[] {-1, 3, 4})), twice.call(pass, y)),
                    tf.constant(1));
            Recurrent.Result steps =
                    lstm.callWithState(pass, pass.repeatable(again::call, both, Recompute::call), List.of());
            return tf.math.add(steps.output(), tf.expandDims(steps.state().get(1), tf.constant(1)));
        }
    }

    private static final class Deeper extends Layer {
        private final Sequential inner = layer(Sequential.of(new Dense(7), new Lambda((pass, x) -> x)));
        private final Dense last = layer(new Dense(4));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> y = last.call(pass, inner.call(pass, x));
            return pass.tf(this).nn.relu(y);
        }
    }

    @Test
    void layersInLayersHaveTheirShapes() {
        Deep model = new Deep();
        assertEquals(
                "{output=[-1, 6, 2]}", model.build(session, Shape.of(-1, 3, 2)).toString());
        Map<String, String> expected = Map.of(
                "", "[-1, 6, 2]",
                "/block", "[-1, 3, 4]",
                "/block/sequential", "[-1, 3, 7]",
                "/block/sequential/dense", "[-1, 3, 7]",
                "/block/sequential/lambda", "[-1, 3, 7]",
                "/block/dense", "[-1, 3, 4]",
                "/nothing", "[-1, 3, 4]",
                "/twice", "[-1, 4] [-1, 3, 4]",
                "/lstm", "[-1, 6, 2]",
                "/never", "?");
        expected.forEach((path, shape) -> assertEquals(shape, shown(model, "deep" + path), path));
    }
}
