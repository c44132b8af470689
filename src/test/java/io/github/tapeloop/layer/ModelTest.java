package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class ModelTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private static final class Tower extends Model {
        private final Dense first = layer(new Dense(3));
        private final Dense named = layer("named", new Dense(2));
        private final Model inner = layer(Sequential.of(new Dense(2), new Dense(1)));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return inner.call(pass, named.call(pass, first.call(pass, x)));
        }
    }

    /** Calls one layer twice. */
    private static final class Shared extends Model {
        private final Dense dense =
                layer(new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.constant(3))));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return dense.call(pass, dense.call(pass, x));
        }
    }

    private Operand<TFloat32> row(float... values) {
        return tf.constant(new float[][] {values});
    }

    @Test
    void weightsAreNamedByTheirPath() {
        Tower tower = new Tower();
        assertEquals(List.of(), tower.variables().names());
        tower.call(ForwardPass.inference(tf), row(1, 2));
        assertEquals(
                List.of(
                        "tower/dense/kernel",
                        "tower/dense/bias",
                        "tower/named/kernel",
                        "tower/named/bias",
                        "tower/sequential/dense/kernel",
                        "tower/sequential/dense/bias",
                        "tower/sequential/dense_1/kernel",
                        "tower/sequential/dense_1/bias"),
                tower.variables().names());
        assertEquals(8, tower.trainableVariables().size());
        assertEquals(9 + 8 + 6 + 3, tower.variables().elements());
    }

    @Test
    void theSummaryShowsEachLayer() {
        Tower tower = new Tower();
        assertTrue(tower.summary().contains("not called yet"), tower.summary());
        tower.call(ForwardPass.inference(tf), row(1, 2));
        String summary = tower.summary();
        assertTrue(summary.contains("tower/sequential/dense_1 (Dense)"), summary);
        assertTrue(summary.contains("[2, 3] [3]"), summary);
        assertTrue(summary.contains("total 26, trainable 26"), summary);
    }

    @Test
    void aLayerHasOnePlace() {
        Dense dense = new Dense(1);
        Sequential.of(dense);
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> Sequential.of(dense));
        assertTrue(error.getMessage().contains("sequential/dense"), error.getMessage());
        assertThrows(IllegalArgumentException.class, Sequential::of);
    }

    @Test
    void aLayerCalledTwiceHasOneSetOfWeightsAndTheSumOfTheirGradients() {
        Shared shared = new Shared();
        try (GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> y = shared.call(ForwardPass.inference(tf), row(5)); // 5 w²
            var gradients = tape.gradients(y, shared.trainableVariables());
            assertEquals(1, shared.variables().size());
            Variable<?> kernel = gradients.variables().get(0);
            Operand<?> gradient = gradients.of(kernel).orElseThrow();
            assertArrayEquals(new float[] {30}, floats(gradient), 1e-5f);
        }
    }

    @SuppressWarnings("unchecked") // The test knows its types.
    private float[] floats(Operand<?> operand) {
        return session.read((Operand<TFloat32>) operand, tensor -> {
            float[] values = new float[(int) tensor.size()];
            int[] next = new int[1];
            tensor.scalars().forEach(scalar -> values[next[0]++] = scalar.getFloat());
            return values;
        });
    }

    @Test
    void weightsDependOnTheSeedAndThePathOnly() {
        float[] first = firstKernel(5, false);
        assertArrayEquals(first, firstKernel(5, true));
        assertFalse(Arrays.equals(first, firstKernel(6, false)));
    }

    private static float[] firstKernel(long seed, boolean afterOtherWork) {
        try (TapeSession session = TapeSession.builder().seed(seed).build()) {
            if (afterOtherWork) {
                Sequential.of(new Dense(3), new Dense(2))
                        .call(ForwardPass.training(session.tf()), session.tf().constant(new float[][] {{1, 2}}));
            }
            Tower tower = new Tower();
            tower.call(ForwardPass.inference(session.tf()), session.tf().constant(new float[][] {{1, 2}}));
            Variable<?> kernel = tower.variables().get("tower/dense/kernel");
            @SuppressWarnings("unchecked") // A dense kernel is float32 here.
            Operand<TFloat32> value = (Operand<TFloat32>) kernel.read(session.tf());
            return session.read(value, tensor -> {
                float[] values = new float[6];
                for (int i = 0; i < 6; i++) {
                    values[i] = tensor.getFloat(i / 3, i % 3);
                }
                return values;
            });
        }
    }

    @Test
    void aModelStaysInTheSessionWhereItWasFirstCalled() {
        Tower tower = new Tower();
        tower.call(ForwardPass.inference(tf), row(1, 2));
        try (TapeSession other = TapeSession.open()) {
            Operand<TFloat32> x = other.tf().constant(new float[][] {{1, 2}});
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> tower.call(ForwardPass.inference(other.tf()), x));
            assertTrue(error.getMessage().contains("make a new model"), error.getMessage());
        }
    }
}
