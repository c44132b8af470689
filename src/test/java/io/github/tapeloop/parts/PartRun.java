package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * A way of running a part: eager or in a traced function, in float32 or float64.
 *
 * @param compiled whether ops go into a traced function
 * @param float64 whether numbers are float64
 */
public record PartRun(boolean compiled, boolean float64) {

    /** A session for one row, with one thread of each kind and a fixed seed. */
    public TapeSession open() {
        return TapeSession.builder().threads(1, 1).seed(7).build();
    }

    /** Numbers as a constant in the type of this run. */
    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    public Operand<TFloat32> constant(Ops tf, Shape shape, double... values) {
        Operand<TFloat64> exact = tf.constant(shape, DataBuffers.of(values.clone()));
        return float64 ? (Operand<TFloat32>) (Operand<?>) exact : tf.dtypes.cast(exact, TFloat32.class);
    }

    /**
     * Runs a body in its way.
     *
     * @param session the session of the row
     * @param inputs what the body gets
     * @param body makes ops from the inputs
     * @return the values of what the body returns
     */
    public List<double[]> run(TapeSession session, List<? extends Operand<?>> inputs, TracedFunction.Body body) {
        try (Prepared prepared = prepare(session, inputs, body)) {
            return prepared.run(inputs);
        }
    }

    /**
     * Makes a body ready to be run in its way again and again: a compiled one is traced once.
     *
     * @param session the session of the row
     * @param like what the body gets, or other operands of these types and shapes
     * @param body makes ops from the inputs
     */
    public Prepared prepare(TapeSession session, List<? extends Operand<?>> like, TracedFunction.Body body) {
        if (!compiled) {
            return new Prepared(session, null, body);
        }
        List<TracedFunction.Spec> specs =
                like.stream().<TracedFunction.Spec>map(TracedFunction.Spec::of).toList();
        return new Prepared(session, TracedFunction.trace(session, "row", specs, body), body);
    }

    /**
     * A body that runs as often as it is asked to.
     *
     * @param function the traced body; null where it runs op by op
     */
    public record Prepared(TapeSession session, TracedFunction function, TracedFunction.Body body)
            implements AutoCloseable {

        /** The values of what the body returns for these inputs. */
        public List<double[]> run(List<? extends Operand<?>> inputs) {
            try (TensorScope scope = session.scope()) {
                return read(
                        session,
                        function == null ? body.apply(session.tf(), List.copyOf(inputs)) : function.call(inputs));
            }
        }

        @Override
        public void close() {
            if (function != null) {
                function.close();
            }
        }
    }

    private static List<double[]> read(TapeSession session, List<? extends Operand<?>> results) {
        List<double[]> values = new ArrayList<>();
        for (Operand<?> result : results) {
            values.add(read(session, result));
        }
        return values;
    }

    /** The value of an operand of any numeric type. */
    @SuppressWarnings("unchecked") // All are cast to float64 first.
    public static double[] read(TapeSession session, Operand<?> operand) {
        Operand<TFloat64> exact = Tensors.cast(
                session.tf(), (Operand<? extends org.tensorflow.types.family.TNumber>) operand, TFloat64.class);
        return session.read(exact, tensor -> {
            double[] values = new double[(int) tensor.size()];
            tensor.asRawTensor().data().asDoubles().read(values);
            return values;
        });
    }

    /** Fails unless every number is within a relative tolerance (absolute below 1). */
    public static void assertClose(double[] expected, double[] actual, double tolerance, String what) {
        assertEquals(expected.length, actual.length, what + ": number of values");
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], tolerance * Math.max(1, Math.abs(expected[i])), what + " [" + i + "]");
        }
    }

    @Override
    public String toString() {
        return (compiled ? "compiled" : "eager") + " " + (float64 ? "float64" : "float32");
    }
}
