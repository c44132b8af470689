package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Layers and models that users write, and where they may be used. */
class UserLayerTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    /** The layer of the javadoc of {@link Layer}: a factor for each column. */
    private static final class ScaleLayer extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf(this, x);
            Shape shape = Shape.of(Tensors.shape(x).get(-1));
            Variable<TFloat32> factor = weight(pass, "factor", shape, x.type(), Initializer.ones());
            return tf.math.mul(x, factor.read(tf));
        }
    }

    /** Uses one layer twice beside another, with names that follow their classes and one of its own. */
    private static final class Twin extends Model {
        private final ScaleLayer shared = layer(new ScaleLayer());
        private final ScaleLayer second = layer(new ScaleLayer());
        private final Dense head = layer("head", new Dense(1).kernel(w -> w.initializer(Initializer.ones())));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return head.call(pass, second.call(pass, shared.call(pass, shared.call(pass, x))));
        }
    }

    private static class Bare extends Model {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return pass.tf().math.neg(x);
        }
    }

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
        session.close();
    }

    private Operand<TFloat32> row(float... elements) {
        return tf.constant(new float[][] {elements});
    }

    @Test
    void pathsFollowClassesNumbersAndNames() {
        Twin twin = new Twin();
        assertEquals(
                List.of("scale_layer", "scale_layer_1", "head"),
                List.copyOf(twin.layers().keySet()));
        twin.call(ForwardPass.inference(tf), row(1, 2));
        assertEquals(
                List.of("twin/scale_layer/factor", "twin/scale_layer_1/factor", "twin/head/kernel", "twin/head/bias"),
                twin.variables().names());
        assertEquals(twin.variables().names(), twin.state().names());
        assertEquals("ScaleLayer 'twin/scale_layer_1'", twin.second.toString());
        twin.layers().clear();
        assertEquals(3, twin.layers().size(), "layers() is a copy");
    }

    @Test
    void aLayerCalledTwiceHasOneWeightAndTheSumOfBothGradients() {
        Twin twin = new Twin();
        twin.call(ForwardPass.inference(tf), row(5, 7));
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> y = twin.call(ForwardPass.inference(tf), row(5, 7)); // 5 a² b + 7 c² d at ones.
            Gradients gradients = tape.gradients(y, twin.trainableVariables());
            assertArrayEquals(new double[] {10, 14}, gradient(gradients, twin, "twin/scale_layer/factor"), 1e-5);
            assertArrayEquals(new double[] {5, 7}, gradient(gradients, twin, "twin/scale_layer_1/factor"), 1e-5);
        }
    }

    private double[] gradient(Gradients gradients, Model model, String name) {
        return values(session, gradients.of(model.variables().get(name)).orElseThrow());
    }

    @Test
    void weightsAreMadeOnceAndOutliveTheScopeOfTheirFirstCall() {
        ScaleLayer scale = new ScaleLayer();
        try (TensorScope scope = session.scope()) {
            scale.call(ForwardPass.training(tf), row(1, 2));
        }
        Variable<?> factor = scale.variables().get("scale_layer/factor");
        scale.call(ForwardPass.training(tf), row(3, 4));
        assertSame(factor, scale.variables().get("scale_layer/factor"));
        assertArrayEquals(new double[] {1, 1}, values(session, factor.read(tf)));
    }

    @Test
    void makingWeightsIsNothingThatATapeHears() {
        ScaleLayer scale = new ScaleLayer();
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> y = scale.call(ForwardPass.training(tf), row(3, 4)); // Made inside the tape.
            Gradients gradients = tape.gradients(y, scale.trainableVariables());
            assertArrayEquals(
                    new double[] {3, 4},
                    values(session, gradients.of(gradients.variables().get(0)).orElseThrow()));
        }
    }

    @Test
    void aModelWithoutWeightsComputesAndSaysSo() {
        Bare bare = new Bare();
        assertArrayEquals(new double[] {-1, -2}, values(session, bare.call(ForwardPass.inference(tf), row(1, 2))));
        assertEquals(0, bare.variables().size());
        assertTrue(bare.summary().contains("bare (Bare)"), bare.summary());
        assertTrue(bare.summary().contains("total 0, trainable 0"), bare.summary());
    }

    @Test
    void anAnonymousModelIsNamedModel() {
        Model model = new Model() {
            private final Dense only = layer(new Dense(1));

            @Override
            public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
                return only.call(pass, x);
            }
        };
        model.call(ForwardPass.inference(tf), row(1));
        assertEquals(
                List.of("model/dense/kernel", "model/dense/bias"),
                model.variables().names());
    }

    @Test
    void aModelWithoutWeightsMayBeUsedInTwoSessions() {
        Model model = Sequential.of(new Flatten(), new Dropout(0.5));
        try (TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            model.call(ForwardPass.training(other.tf()), other.tf().constant(new float[2][3]));
        }
        assertEquals(Shape.of(2, 3), Tensors.shape(model.call(ForwardPass.training(tf), tf.constant(new float[2][3]))));
    }

    @Test
    void aModelOfAClosedSessionIsRefused() {
        Twin twin = new Twin();
        try (TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            twin.call(ForwardPass.inference(other.tf()), other.tf().constant(new float[1][2]));
            IllegalStateException elsewhere =
                    assertThrows(IllegalStateException.class, () -> twin.call(ForwardPass.inference(tf), row(1, 2)));
            assertTrue(elsewhere.getMessage().contains("another TapeSession"), elsewhere.getMessage());
            assertTrue(elsewhere.getMessage().contains("make a new model"), elsewhere.getMessage());
        }
        IllegalStateException closed =
                assertThrows(IllegalStateException.class, () -> twin.call(ForwardPass.inference(tf), row(1, 2)));
        assertTrue(closed.getMessage().contains("'twin/scale_layer/factor' is closed"), closed.getMessage());
    }

    @Test
    void aNameTakenIsRefused() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> new Bare() {
                    void fill() {
                        layer("head", new Dense(1));
                        layer("head", new Dense(1));
                    }
                }.fill());
        assertTrue(error.getMessage().contains("'head' already"), error.getMessage());
    }

    @Test
    void layersOfOneClassStartFromDifferentWeights() {
        Model model = Sequential.of(new Dense(4), new Dense(4));
        model.call(ForwardPass.inference(tf), row(1, 2, 3, 4));
        double[] first =
                values(session, model.variables().get("sequential/dense/kernel").read(tf));
        double[] second = values(
                session, model.variables().get("sequential/dense_1/kernel").read(tf));
        assertFalse(Arrays.equals(first, second));
    }
}
