package io.github.tapeloop.parts;

import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Constraints on a matrix [2, 4] with columns of norm 5, 0.5, 0 and 1.3. */
final class ConstraintRows {

    private static final Shape SHAPE = Shape.of(2, 4);
    private static final double[] WEIGHTS = {3, -0.3, 0, 0.5, -4, 0.4, 0, 1.2};

    private ConstraintRows() {}

    static List<PartRow> rows() {
        return List.of(
                byNorm("maxNorm", "", "MaxNorm", "max_value=2, axis=0", Constraint.maxNorm(), 0, n -> Math.min(n, 2)),
                byNorm(
                        "maxNorm",
                        "maxValue 1, axis 1",
                        "MaxNorm",
                        "",
                        Constraint.maxNorm(1, 1),
                        1,
                        n -> Math.min(n, 1)),
                byNorm(
                        "minMaxNorm",
                        "",
                        "MinMaxNorm",
                        "min_value=0, max_value=1, rate=1, axis=0",
                        Constraint.minMaxNorm(),
                        0,
                        n -> Math.min(n, 1)),
                byNorm(
                        "minMaxNorm",
                        "minValue 0.8, maxValue 2, rate 0.3",
                        "MinMaxNorm",
                        "",
                        Constraint.minMaxNorm(0.8, 2, 0.3, 0),
                        0,
                        n -> 0.3 * Math.min(Math.max(n, 0.8), 2) + 0.7 * n),
                byNorm("unitNorm", "", "UnitNorm", "axis=0", Constraint.unitNorm(), 0, n -> 1),
                byNorm("unitNorm", "axis 1", "UnitNorm", "", Constraint.unitNorm(1), 1, n -> 1),
                row("nonNegative", "", "NonNeg", "", Constraint.nonNegative(), 3, 0, 0, 0.5, 0, 0.4, 0, 1.2));
    }

    /** w · desired(‖w‖) / (‖w‖ + 1e-7), with norms along an axis. */
    private static PartRow byNorm(
            String factory,
            String variant,
            String keras,
            String defaults,
            Constraint constraint,
            int axis,
            DoubleUnaryOperator desired) {
        double[] expected = new double[WEIGHTS.length];
        for (int i = 0; i < expected.length; i++) {
            double squares = 0;
            for (int k = 0; k < expected.length; k++) {
                boolean together = axis == 0 ? k % 4 == i % 4 : k / 4 == i / 4;
                squares += together ? WEIGHTS[k] * WEIGHTS[k] : 0;
            }
            double norm = Math.sqrt(squares);
            expected[i] = WEIGHTS[i] * desired.applyAsDouble(norm) / (norm + 1e-7);
        }
        return row(factory, variant, keras, defaults, constraint, expected);
    }

    @SuppressWarnings("unchecked") // The input of the row.
    private static PartRow row(
            String factory, String variant, String keras, String defaults, Constraint constraint, double... expected) {
        return new PartRow(
                PartRow.Kind.CONSTRAINT,
                "Constraint." + factory,
                variant,
                "constraints." + keras,
                defaults,
                "closed form",
                run -> {
                    try (TapeSession session = run.open()) {
                        Operand<TFloat32> weights = run.constant(session.tf(), SHAPE, WEIGHTS);
                        double[] actual = run.run(
                                        session,
                                        List.of(weights),
                                        (tf, in) -> List.of(constraint.apply(tf, (Operand<TFloat32>) in.get(0))))
                                .get(0);
                        PartRun.assertClose(expected, actual, run.float64() ? 1e-12 : 1e-6, factory);
                    }
                });
    }
}
