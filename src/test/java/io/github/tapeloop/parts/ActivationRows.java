package io.github.tapeloop.parts;

import static io.github.tapeloop.layer.Activations.*;

import io.github.tapeloop.layer.ActivationFunction;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Activation functions of each element: values and slopes, away from kinks, against the formula and its differences. */
final class ActivationRows {

    private static final double[] POINTS = {-7.5, -3.25, -2.5, -0.75, -0.3, -0.1, 0.1, 0.3, 0.75, 1.5, 2.5, 3.25, 6.5, 9
    };

    private ActivationRows() {}

    static List<PartRow> rows() {
        return Stream.of(unlimited(), limited(), options())
                .flatMap(List::stream)
                .toList();
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double softplus(double x) {
        return Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0);
    }

    private static double clip(double x, double least, double most) {
        return Math.min(Math.max(x, least), most);
    }

    private static List<PartRow> unlimited() {
        return List.of(
                row("LINEAR", "", "linear", "", LINEAR, x -> x),
                row("RELU", "", "relu", "negative_slope=0, max_value=None, threshold=0", RELU, x -> Math.max(x, 0)),
                row("LEAKY_RELU", "", "leaky_relu", "negative_slope=0.2", LEAKY_RELU, x -> x > 0 ? x : 0.2 * x),
                row("ELU", "", "elu", "alpha=1", ELU, x -> x > 0 ? x : Math.expm1(x)),
                row("CELU", "", "celu", "alpha=1", CELU, x -> x > 0 ? x : Math.expm1(x)),
                row(
                        "SELU",
                        "",
                        "selu",
                        "",
                        SELU,
                        x -> 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
                row("EXPONENTIAL", "", "exponential", "", EXPONENTIAL, Math::exp),
                row("LOG_SIGMOID", "", "log_sigmoid", "", LOG_SIGMOID, x -> -softplus(-x)),
                row("SILU", "", "silu", "", SILU, x -> x * sigmoid(x)),
                row("MISH", "", "mish", "", MISH, x -> x * Math.tanh(softplus(x))),
                row("GELU", "", "gelu", "approximate=False", GELU, ActivationRows::gelu),
                row(
                        "GELU_APPROXIMATE",
                        "",
                        "gelu(approximate=True)",
                        "",
                        GELU_APPROXIMATE,
                        x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))),
                row("SOFTPLUS", "", "softplus", "", SOFTPLUS, ActivationRows::softplus),
                row(
                        "SPARSE_PLUS",
                        "",
                        "sparse_plus",
                        "",
                        SPARSE_PLUS,
                        x -> x <= -1 ? 0 : x < 1 ? 0.25 * (x + 1) * (x + 1) : x),
                row("SQUAREPLUS", "", "squareplus", "b=4", SQUAREPLUS, x -> (x + Math.sqrt(x * x + 4)) / 2),
                row("TANH_SHRINK", "", "tanh_shrink", "", TANH_SHRINK, x -> x - Math.tanh(x)));
    }

    /** x Φ(x) by the series of the error function, or its continued fraction where the series cancels. */
    private static double gelu(double x) {
        double z = Math.abs(x) / Math.sqrt(2);
        double sum = 0;
        double term = z;
        for (int n = 0; n < 200; n++) {
            sum += term / (2 * n + 1);
            term *= -z * z / (n + 1);
        }
        double erf = 2 / Math.sqrt(Math.PI) * sum;
        if (z > 2) {
            double fraction = 0;
            for (int n = 200; n > 0; n--) {
                fraction = n / 2.0 / (z + fraction);
            }
            erf = 1 - Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
        }
        return x * 0.5 * (1 + Math.signum(x) * erf);
    }

    private static List<PartRow> limited() {
        return List.of(
                row("RELU6", "", "relu6", "", RELU6, x -> clip(x, 0, 6)),
                row("SIGMOID", "", "sigmoid", "", SIGMOID, ActivationRows::sigmoid),
                row("HARD_SIGMOID", "", "hard_sigmoid", "", HARD_SIGMOID, x -> clip(x + 3, 0, 6) / 6),
                row("SPARSE_SIGMOID", "", "sparse_sigmoid", "", SPARSE_SIGMOID, x -> clip((x + 1) / 2, 0, 1)),
                row("HARD_SILU", "", "hard_silu", "", HARD_SILU, x -> x * clip(x + 3, 0, 6) / 6),
                row("TANH", "", "tanh", "", TANH, Math::tanh),
                row("HARD_TANH", "", "hard_tanh", "", HARD_TANH, x -> clip(x, -1, 1)),
                row("SOFTSIGN", "", "softsign", "", SOFTSIGN, x -> x / (Math.abs(x) + 1)),
                row("HARD_SHRINK", "", "hard_shrink", "threshold=0.5", HARD_SHRINK, x -> Math.abs(x) > 0.5 ? x : 0),
                row(
                        "SOFT_SHRINK",
                        "",
                        "soft_shrink",
                        "threshold=0.5",
                        SOFT_SHRINK,
                        x -> Math.signum(x) * Math.max(Math.abs(x) - 0.5, 0)));
    }

    private static List<PartRow> options() {
        return List.of(
                row(
                        "relu",
                        "negativeSlope 0.1, maxValue 3, threshold 1",
                        "relu",
                        "",
                        relu(0.1, 3, 1),
                        x -> x >= 3 ? 3 : x >= 1 ? x : 0.1 * (x - 1)),
                row("relu", "threshold 1", "relu", "", relu(0, Double.POSITIVE_INFINITY, 1), x -> x >= 1 ? x : 0),
                row("relu", "maxValue 3", "relu", "", relu(0, 3, 0), x -> clip(x, 0, 3)),
                row(
                        "relu",
                        "negativeSlope 0.1",
                        "relu",
                        "",
                        relu(0.1, Double.POSITIVE_INFINITY, 0),
                        x -> x > 0 ? x : 0.1 * x),
                row("leakyRelu", "negativeSlope 0.3", "leaky_relu", "", leakyRelu(0.3), x -> x > 0 ? x : 0.3 * x),
                row("elu", "alpha 0.5", "elu", "", elu(0.5), x -> x > 0 ? x : 0.5 * Math.expm1(x)),
                row("celu", "alpha 0.5", "celu", "", celu(0.5), x -> x > 0 ? x : 0.5 * Math.expm1(x / 0.5)),
                row("squareplus", "b 1", "squareplus", "", squareplus(1), x -> (x + Math.sqrt(x * x + 1)) / 2),
                row("hardShrink", "threshold 1", "hard_shrink", "", hardShrink(1), x -> Math.abs(x) > 1 ? x : 0),
                row(
                        "softShrink",
                        "threshold 1",
                        "soft_shrink",
                        "",
                        softShrink(1),
                        x -> Math.signum(x) * Math.max(Math.abs(x) - 1, 0)),
                row(
                        "threshold",
                        "threshold 1, defaultValue -2",
                        "threshold",
                        "",
                        threshold(1, -2),
                        x -> x > 1 ? x : -2));
    }

    /** A function of each element against its formula, its gradient against central differences of the formula. */
    private static PartRow row(
            String name,
            String variant,
            String keras,
            String defaults,
            ActivationFunction function,
            DoubleUnaryOperator formula) {
        return new PartRow(
                PartRow.Kind.ACTIVATION,
                "Activations." + name,
                variant,
                "activations." + keras,
                defaults,
                "closed form",
                run -> check(run, name, function, formula));
    }

    private static void check(PartRun run, String name, ActivationFunction function, DoubleUnaryOperator formula) {
        double step = 1e-4;
        double[] values = Arrays.stream(POINTS).map(formula).toArray();
        double[] slopes = Arrays.stream(POINTS)
                .map(x -> (8 * (formula.applyAsDouble(x + step) - formula.applyAsDouble(x - step))
                                - formula.applyAsDouble(x + 2 * step)
                                + formula.applyAsDouble(x - 2 * step))
                        / (12 * step))
                .toArray();
        try (TapeSession session = run.open()) {
            Operand<TFloat32> x = run.constant(session.tf(), Shape.of(2, 7), POINTS);
            List<double[]> actual = run.run(session, List.of(x), (tf, in) -> valuesAndSlopes(tf, function, in.get(0)));
            PartRun.assertClose(values, actual.get(0), run.float64() ? 1e-12 : 1e-6, name);
            PartRun.assertClose(slopes, actual.get(1), run.float64() ? 1e-9 : 1e-5, name + " slope");
        }
    }

    @SuppressWarnings("unchecked") // The input of the row.
    static List<Operand<?>> valuesAndSlopes(Ops tf, ActivationFunction function, Operand<?> input) {
        Operand<TFloat32> x = (Operand<TFloat32>) input;
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(x);
            Operand<TFloat32> y = function.call(tf, x);
            Operand<TFloat32> sum = tf.sum(tf.reshape(y, tf.constant(new int[] {-1})), tf.constant(0));
            return List.of(y, tape.gradientOrZeros(sum, x));
        }
    }
}
