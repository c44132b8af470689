package io.github.tapeloop.parts;

import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Layers, activations, initializers, regularizers and constraints. */
final class LayerRows {

    private static final double[] POINTS = {-7, -3, -2.5, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 2.5, 3, 6, 9};

    private LayerRows() {}

    static List<PartRow> rows() {
        return List.of(
                activation("LINEAR", "linear", Activations.LINEAR, x -> x),
                activation("RELU", "relu", Activations.RELU, x -> Math.max(x, 0)),
                activation("SIGMOID", "sigmoid", Activations.SIGMOID, x -> 1 / (1 + Math.exp(-x))),
                activation("TANH", "tanh", Activations.TANH, Math::tanh));
    }

    /** A function of each element against its formula. */
    @SuppressWarnings("unchecked")
    private static PartRow activation(
            String name, String keras, ActivationFunction function, DoubleUnaryOperator formula) {
        return new PartRow(
                PartRow.Kind.ACTIVATION, "Activations." + name, "", "activations." + keras, "", "closed form", run -> {
                    try (TapeSession session = run.open()) {
                        Operand<TFloat32> x = run.constant(session.tf(), Shape.of(2, 7), POINTS);
                        double[] expected =
                                java.util.Arrays.stream(POINTS).map(formula).toArray();
                        double[] actual = run.run(
                                        session,
                                        List.of(x),
                                        (tf, in) -> List.of(function.call(tf, (Operand<TFloat32>) in.get(0))))
                                .get(0);
                        PartRun.assertClose(expected, actual, run.float64() ? 1e-12 : 1e-6, name);
                    }
                });
    }
}
