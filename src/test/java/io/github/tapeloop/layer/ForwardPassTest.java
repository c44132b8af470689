package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForwardPassTest {

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(6).build();
    private final Ops tf = session.tf();
    private TensorScope test;

    @BeforeEach
    void open() {
        test = session.scope();
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    private List<Long> seed(ForwardPass pass) {
        Operand<TInt64> seed = pass.randomSeed();
        assertEquals(Shape.of(2), Tensors.shape(seed));
        assertEquals(DataType.DT_INT64, Tensors.dataType(seed));
        return session.read(seed, tensor -> List.of(tensor.getLong(0), tensor.getLong(1)));
    }

    private List<List<Long>> seeds(ForwardPass pass, int count) {
        List<List<Long>> seeds = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            seeds.add(seed(pass));
        }
        return seeds;
    }

    private ForwardPass step(long runSeed, long step) {
        return ForwardPass.training(tf, runSeed, () -> tf.constant(step));
    }

    @Test
    void noTwoOpsStepsOrRunsShareASeed() {
        Set<List<Long>> all = new HashSet<>();
        for (long runSeed = 0; runSeed < 5; runSeed++) {
            for (long step = 0; step < 5; step++) {
                all.addAll(seeds(step(runSeed, step), 4));
            }
        }
        assertEquals(100, all.size());
    }

    @Test
    void theSequenceIsTheSameWhateverElseTheSessionDoes() {
        List<List<Long>> expected = seeds(step(1, 2), 3);
        ForwardPass pass = step(1, 2);
        List<List<Long>> seeds = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            seed(ForwardPass.training(tf));
            tf.math.neg(tf.constant(1f));
            seeds.add(seed(pass));
        }
        assertEquals(expected, seeds);
    }

    @Test
    void theStepIsAskedForByRandomOpsOnly() {
        int[] asked = new int[1];
        ForwardPass pass = ForwardPass.training(tf, 1, () -> {
            asked[0]++;
            return tf.constant(0L);
        });
        Operand<TFloat32> x = tf.constant(new float[1][2]);
        new Dense(1).call(pass, x);
        assertEquals(0, asked[0]);
        new Dropout(0.5).call(pass, x);
        assertEquals(1, asked[0]);
    }

    @Test
    void handWrittenPassesRepeatWithTheSeedOfTheSession() {
        assertEquals(twoPasses(6), twoPasses(6));
        assertFalse(twoPasses(6).equals(twoPasses(7)));
    }

    private static List<List<Long>> twoPasses(long seed) {
        try (TapeSession fresh = TapeSession.builder().threads(1, 1).seed(seed).build()) {
            List<List<Long>> seeds = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Operand<TInt64> made = ForwardPass.training(fresh.tf()).randomSeed();
                seeds.add(fresh.read(made, tensor -> List.of(tensor.getLong(0), tensor.getLong(1))));
            }
            return seeds;
        }
    }

    @Test
    void lossesAreKeptInOrderAndAddedToTheLoss() {
        ForwardPass pass = ForwardPass.training(tf);
        Operand<TFloat32> loss = tf.constant(1f);
        assertSame(loss, pass.totalLoss(loss));
        Operand<TFloat32> first = tf.constant(2f);
        Operand<TFloat32> second = tf.constant(4f);
        pass.addLoss(first);
        List<Operand<TFloat32>> before = pass.losses();
        pass.addLoss(second);
        assertEquals(List.of(first), before, "a copy");
        assertEquals(List.of(first, second), pass.losses());
        assertEquals(7, session.scalar(pass.totalLoss(loss)));
        assertThrows(UnsupportedOperationException.class, () -> pass.losses().clear());
        assertEquals(List.of(), ForwardPass.training(tf).losses(), "of another pass");
    }

    @Test
    void anAddedLossHasAGradient() {
        Operand<TFloat32> x = tf.constant(3f);
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            ForwardPass pass = ForwardPass.training(tf);
            pass.addLoss(tf.math.square(x));
            assertEquals(
                    6,
                    session.scalar(
                            tape.gradient(pass.totalLoss(tf.constant(1f)), x).orElseThrow()));
        }
    }

    @Test
    void aPassSaysWhetherItTrains() {
        assertTrue(ForwardPass.training(tf).training());
        assertTrue(step(1, 2).training());
        assertFalse(ForwardPass.inference(tf).training());
        assertSame(tf, ForwardPass.inference(tf).tf());
    }

    @Test
    void opsOfALayerAreNamedByItsPath() {
        Model model = Sequential.of(new Dense(1, Activations.TANH));
        Operand<TFloat32> y = model.call(ForwardPass.inference(tf), tf.constant(new float[1][2]));
        assertEquals("sequential/dense/Tanh", y.op().name());
    }

    @Test
    void opsOfAPlainGraphAreRefused() {
        try (Graph graph = new Graph()) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> ForwardPass.training(Ops.create(graph)));
            assertTrue(error.getMessage().contains("session.tf()"), error.getMessage());
        }
    }
}
