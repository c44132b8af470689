package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assertions;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

/** Computes something eagerly and in a traced function, with all dimensions known and with the first one open. */
final class TwoWays {

    /** What to compute. */
    @FunctionalInterface
    interface Body {
        Operand<?> apply(Ops tf, Operand<TFloat64> x);
    }

    private TwoWays() {}

    /** The elements of the result, the same both ways and with nothing left behind. */
    static double[] result(TapeSession session, double[] x, long[] shape, boolean openBatch, Body body) {
        int before = session.liveHandles();
        double[] eager;
        try (TensorScope scope = session.scope()) {
            eager = read(session, body.apply(session.tf(), input(session, x, shape)));
        }
        Assertions.assertEquals(before, session.liveHandles(), "handles leaked");
        long[] open = shape.clone();
        if (openBatch) {
            open[0] = Shape.UNKNOWN_SIZE;
        }
        List<Spec> specs = List.of(new Spec(DataType.DT_DOUBLE, Shape.of(open)));
        try (TracedFunction function = TracedFunction.trace(
                        session, "two_ways", specs, (tf, given) -> List.of(body.apply(tf, typed(given.get(0)))));
                TensorScope scope = session.scope()) {
            double[] traced = read(
                    session, function.call(List.of(input(session, x, shape))).get(0));
            Assertions.assertArrayEquals(eager, traced, 1e-12, "traced differs from eager");
        }
        Assertions.assertEquals(before, session.liveHandles(), "handles leaked by the traced function");
        return eager;
    }

    private static Operand<TFloat64> input(TapeSession session, double[] x, long[] shape) {
        return session.tf().reshape(session.tf().constant(x), session.tf().constant(shape));
    }

    static double[] read(TapeSession session, Operand<?> operand) {
        return session.read(operand, tensor -> {
            List<Double> values = new ArrayList<>();
            ((TFloat64) tensor).scalars().forEach(scalar -> values.add(scalar.getDouble()));
            return values.stream().mapToDouble(Double::doubleValue).toArray();
        });
    }

    /** Finite differences of the sum of a result. */
    static double[] differences(TapeSession session, double[] x, long[] shape, Body body) {
        double[] slopes = new double[x.length];
        double h = 1e-6;
        for (int i = 0; i < x.length; i++) {
            double[] up = x.clone();
            double[] down = x.clone();
            up[i] += h;
            down[i] -= h;
            slopes[i] = (total(session, up, shape, body) - total(session, down, shape, body)) / (2 * h);
        }
        return slopes;
    }

    private static double total(TapeSession session, double[] x, long[] shape, Body body) {
        try (TensorScope scope = session.scope()) {
            return Arrays.stream(read(session, body.apply(session.tf(), input(session, x, shape))))
                    .sum();
        }
    }

    @SuppressWarnings("unchecked") // The specs say float64.
    static Operand<TFloat64> typed(Operand<?> operand) {
        return (Operand<TFloat64>) operand;
    }
}
