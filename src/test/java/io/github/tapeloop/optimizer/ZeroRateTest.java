package io.github.tapeloop.optimizer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A learning rate of 0, which a warm-up begins with and a decay ends at, moves nothing and spoils nothing. */
class ZeroRateTest {

    private static final double[] START = {1, -2, 0.5f};

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    static Stream<Class<? extends Optimizer>> optimizers() {
        return Setters.parts(Optimizer.class).filter(type -> type != ByVariable.class);
    }

    private Variable<TFloat32> variable() {
        return Variable.create(tf, "v", tf.constant(new float[] {1, -2, 0.5f}), true);
    }

    private void step(Optimizer optimizer, Variable<TFloat32> v) {
        try (TensorScope scope = session.scope()) {
            optimizer.apply(tf, Gradients.of(List.of(v), List.of(Optional.of(tf.constant(new float[] {0.5f, 2, -1})))));
        }
    }

    private double[] read(Variable<TFloat32> v) {
        return values(session, v.read(tf));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void noOptimizerMovesAnythingAtARateOfZeroAndAllTrainAfterIt(Class<? extends Optimizer> type)
            throws ReflectiveOperationException {
        Schedule late = Schedule.piecewiseConstant(new long[] {1, 3}, new double[] {0, 0.1, 0});
        Optimizer optimizer = type.getConstructor(Schedule.class).newInstance(late);
        Variable<TFloat32> v = variable();
        step(optimizer, v);
        step(optimizer, v);
        assertArrayEquals(START, read(v), 1e-6);
        step(optimizer, v);
        step(optimizer, v);
        double[] trained = read(v);
        assertFalse(Arrays.equals(START, trained));
        assertTrue(Arrays.stream(trained).allMatch(Double::isFinite), Arrays.toString(trained));
    }

    @Test
    void ftrlAfterAWarmUpFromZeroIsFtrlThatBeganThere() {
        Ftrl warmed = new Ftrl(Schedule.piecewiseConstant(new long[] {1, 3}, new double[] {0, 0.1, 0})).l1(0.01);
        Ftrl plain = new Ftrl(0.1).l1(0.01);
        Variable<TFloat32> first = variable();
        Variable<TFloat32> second = variable();
        for (int i = 0; i < 4; i++) {
            step(warmed, first);
        }
        step(plain, second);
        step(plain, second);
        assertArrayEquals(read(second), read(first));
        step(warmed, first);
        assertArrayEquals(read(second), read(first), "the end of a decay is no end of the model");
    }

    @Test
    void ftrlTakesARateThatIsSetToZeroAndRaisedAgain() {
        Ftrl ftrl = new Ftrl(0);
        Variable<TFloat32> v = variable();
        step(ftrl, v);
        assertArrayEquals(START, read(v));
        ftrl.setLearningRate(0.1);
        step(ftrl, v);
        assertEquals(3, Arrays.stream(read(v)).filter(Double::isFinite).count());
        assertFalse(Arrays.equals(START, read(v)));
    }
}
