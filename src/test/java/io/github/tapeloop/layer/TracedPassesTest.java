package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.GradientTape;
import io.github.tapeloop.tape.Recompute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Random ops of hand-written passes in a traced function: they draw anew in each call, as eager ones do. */
class TracedPassesTest {

    private static final int CALLS = 4;

    private final Dropout dropout = new Dropout(0.5);

    /** What a traced function gives in some calls with 64 ones, all of its results. */
    private static List<List<Double>> calls(long seed, boolean jit, TracedFunction.Body body) {
        try (TapeSession session =
                        TapeSession.builder().threads(1, 1).seed(seed).build();
                TensorScope scope = session.scope()) {
            Operand<TFloat32> x =
                    session.tf().fill(session.tf().array(1, 64), session.tf().constant(1f));
            List<Spec> inputs = List.of(Spec.of(x));
            List<List<Double>> all = new ArrayList<>();
            try (TracedFunction function = jit
                    ? TracedFunction.jitCompiled(session, "drawn", inputs, body)
                    : TracedFunction.trace(session, "drawn", inputs, body)) {
                for (int i = 0; i < CALLS; i++) {
                    for (Operand<?> result : function.call(List.of(x))) {
                        all.add(Arrays.stream(values(session, ForwardPass.input(result)))
                                .boxed()
                                .toList());
                    }
                }
            }
            return all;
        }
    }

    private List<Operand<?>> drop(Ops tf, List<? extends Operand<?>> in) {
        return List.of(dropout.call(ForwardPass.training(tf), ForwardPass.input(in.get(0))));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void eachCallOfATracedFunctionDropsAnew(boolean jit) {
        List<List<Double>> masks = calls(1, jit, this::drop);
        assertEquals(CALLS, Set.copyOf(masks).size(), masks::toString);
        masks.forEach(mask -> assertEquals(Set.of(0.0, 2.0), new HashSet<>(mask)));
    }

    @Test
    void twoPassesOfAFunctionAndTwoLayersOfAPassDropDifferently() {
        List<List<Double>> masks = calls(1, false, (tf, in) -> {
            List<Operand<?>> results = new ArrayList<>(drop(tf, in));
            ForwardPass pass = ForwardPass.training(tf);
            results.add(dropout.call(pass, ForwardPass.input(in.get(0))));
            results.add(dropout.call(pass, ForwardPass.input(in.get(0))));
            return results;
        });
        assertEquals(3 * CALLS, Set.copyOf(masks).size(), masks::toString);
    }

    @Test
    void theSeedOfTheSessionDeterminesWhatIsDropped() {
        assertEquals(calls(1, false, this::drop), calls(1, false, this::drop));
        assertNotEquals(calls(1, false, this::drop), calls(2, false, this::drop));
    }

    @Test
    void tracedAndEagerPassesOfASessionDropDifferently() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.fill(tf.array(1, 64), tf.constant(1f));
            Set<List<Double>> masks = new HashSet<>();
            try (TracedFunction function = TracedFunction.trace(session, "drawn", List.of(Spec.of(x)), this::drop)) {
                for (int i = 0; i < CALLS; i++) {
                    for (Operand<?> y : List.of(
                            drop(tf, List.of(x)).get(0),
                            function.call(List.of(x)).get(0))) {
                        masks.add(Arrays.stream(values(session, ForwardPass.input(y)))
                                .boxed()
                                .toList());
                    }
                }
            }
            assertEquals(2 * CALLS, masks.size());
        }
    }

    @Test
    void aBlockThatIsRunAgainDropsTheSameInATrace() {
        List<List<Double>> results = calls(1, false, (tf, in) -> {
            Operand<TFloat32> x = ForwardPass.input(in.get(0));
            try (GradientTape tape = GradientTape.open(tf)) {
                tape.watch(x);
                Operand<TFloat32> y = ForwardPass.training(tf).repeatable(dropout::call, x, Recompute::call);
                return List.of(y, tape.gradient(y, x).orElseThrow());
            }
        });
        for (int i = 0; i < CALLS; i++) {
            double[] y = results.get(2 * i).stream().mapToDouble(d -> d).toArray();
            double[] slope = results.get(2 * i + 1).stream().mapToDouble(d -> d).toArray();
            assertArrayEquals(y, slope, "the mask of call " + i + " and that of its way back");
        }
        assertEquals(CALLS, Set.copyOf(results).size());
    }
}
