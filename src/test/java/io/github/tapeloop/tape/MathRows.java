package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

/** Arithmetic, functions of one number, reductions, segments and matrix products. */
final class MathRows {

    private MathRows() {}

    static List<GradientRow> all() {
        return List.of(
                // Two numbers, broadcast either way.
                plain("Add", in(2, 3), in(2, 3)).andTwice(),
                plain("AddV2", in(2, 3), in(3)).andTwice(),
                plain("AddV2", in(2, 1), in(1, 3)).andTwice(),
                plain("AddV2", in(), in(2, 2)).andTwice(),
                plain("Sub", in(3), in(2, 3)).andTwice(),
                plain("Mul", in(2, 3), in(2, 1)).andTwice(),
                plain("Mul", in(2, 1, 3), in(4, 1)).andTwice(),
                plain("Div", in(2, 3), in(0.5, 2, 3)).andTwice(),
                plain("RealDiv", in(3), in(0.5, 2, 2, 3)).andTwice(),
                plain("DivNoNan", in(2, 3), in(0.5, 2, 3)),
                plain("SquaredDifference", in(2, 3), in(3)),
                plain("Maximum", in(2, 3), in(3)),
                plain("Minimum", in(2, 3), in(3)),
                plain("Pow", in(0.3, 2, 2, 3), in(3)).andTwice(),
                plain("Atan2", in(2, 3), in(0.5, 2, 3)),
                row("AddN", in(2, 2), in(2, 2), in(2, 2), (tf, x) -> op(tf, "AddN")
                        .list(x)),
                // One number.
                plain("Abs", in(2, 3)),
                plain("Acos", in(-0.8, 0.8, 5)),
                plain("Acosh", in(1.2, 3, 5)),
                plain("Asin", in(-0.8, 0.8, 5)),
                plain("Asinh", in(5)),
                plain("Atan", in(5)),
                plain("Atanh", in(-0.8, 0.8, 5)),
                plain("Cos", in(5)).andTwice(),
                plain("Cosh", in(5)),
                plain("Elu", in(6)),
                plain("Erf", in(5)),
                plain("Erfinv", in(-0.8, 0.8, 5)),
                plain("Exp", in(5)).andTwice(),
                plain("Expm1", in(5)),
                plain("Inv", in(0.5, 2, 5)),
                plain("Lgamma", in(0.5, 3, 5)).within(1e-5), // Digamma differs in its last digits.
                plain("Log", in(0.5, 3, 5)).andTwice(),
                plain("Log1p", in(0.5, 3, 5)),
                plain("Ndtri", in(0.1, 0.9, 5)),
                plain("Neg", in(5)).andTwice(),
                plain("Reciprocal", in(0.5, 2, 5)),
                plain("Relu", in(6)).andTwice(),
                plain("Relu6", in(-2.0, 8.0, 9)),
                plain("Rsqrt", in(0.5, 2, 5)),
                plain("Selu", in(6)),
                plain("Sigmoid", in(5)).andTwice(),
                plain("Sign", in(6)),
                plain("Sin", in(5)).andTwice(),
                plain("Sinh", in(5)),
                plain("Softplus", in(5)),
                plain("Softsign", in(5)),
                plain("Sqrt", in(0.5, 3, 5)).andTwice(),
                plain("Square", in(5)).andTwice(),
                plain("Tan", in(-1.0, 1.0, 5)),
                plain("Tanh", in(2, 3)).andTwice(),
                plain("TanhGrad", in(-0.9, 0.9, 5), in(5)).andTwice(),
                plain("SigmoidGrad", in(0.1, 0.9, 5), in(5)).andTwice(),
                plain("Identity", in(2, 3)).andTwice(),
                checkNumerics(),
                row("LeakyRelu", in(6), (tf, x) -> op(tf, "LeakyRelu").in(x).set(b -> b.setAttr("alpha", 0.3f)))
                        .within(1e-5), // The slope is a float32 attribute.
                row("ClipByValue", in(7), (tf, x) -> op(tf, "ClipByValue")
                        .in(x.get(0), tf.constant(-0.5), tf.constant(0.9))),
                plain("L2Loss", in(2, 3)),
                // Reductions.
                row("Sum", in(2, 3), (tf, x) -> op(tf, "Sum").in(x.get(0), ints(tf, 0, 1)))
                        .andTwice(),
                row("Sum", in(2, 3, 2), (tf, x) -> op(tf, "Sum").in(x.get(0), ints(tf, -2)))
                        .andTwice(),
                row("Sum", in(2, 3), (tf, x) -> op(tf, "Sum")
                        .in(x.get(0), tf.constant(1))
                        .set(b -> b.setAttr("keep_dims", true))),
                row("Mean", in(2, 3), (tf, x) -> op(tf, "Mean").in(x.get(0), ints(tf, 0, 1)))
                        .andTwice(),
                row("Mean", in(2, 3, 2), (tf, x) -> op(tf, "Mean").in(x.get(0), ints(tf, 0, -1)))
                        .andTwice(),
                row("Prod", in(0.5, 2, 2, 3), (tf, x) -> op(tf, "Prod").in(x.get(0), tf.constant(1))),
                row("Max", in(2, 3), (tf, x) -> op(tf, "Max").in(x.get(0), tf.constant(1))),
                row("Min", in(2, 3), (tf, x) -> op(tf, "Min").in(x.get(0), tf.constant(-1))),
                row("Cumsum", in(2, 4), (tf, x) -> op(tf, "Cumsum")
                        .in(x.get(0), tf.constant(-1))
                        .set(b -> b.setAttr("exclusive", true).setAttr("reverse", true))),
                row("SegmentSum", in(4, 2), (tf, x) -> op(tf, "SegmentSum").in(x.get(0), ints(tf, 0, 0, 2, 2))),
                unsorted("UnsortedSegmentSum"),
                unsorted("UnsortedSegmentMax"),
                unsorted("UnsortedSegmentMin"),
                // Products.
                row("MatMul", in(2, 3), in(3, 4), (tf, x) -> op(tf, "MatMul").in(x))
                        .andTwice(),
                matMul(true, false, in(3, 2), in(3, 4)),
                matMul(false, true, in(2, 3), in(4, 3)),
                matMul(true, true, in(3, 2), in(4, 3)),
                plain("BatchMatMul", in(2, 2, 3), in(2, 3, 2)),
                plain("BatchMatMulV2", in(2, 2, 3), in(3, 2)),
                row("BatchMatMulV3", in(2, 2, 3), in(1, 2, 3), (tf, x) -> op(tf, "BatchMatMulV3")
                        .in(x)
                        .set(b -> b.setAttr("adj_y", true).setAttr("Tout", DataType.DT_DOUBLE))),
                row("Einsum", in(2, 3), in(3, 4), (tf, x) -> op(tf, "Einsum")
                        .list(x)
                        .set(b -> b.setAttr("equation", "ij,jk->ki"))));
    }

    private static GradientRow checkNumerics() {
        return row("CheckNumerics", in(4), (tf, x) -> op(tf, "CheckNumerics")
                .in(x)
                .set(b -> b.setAttr("message", "not a number")));
    }

    private static GradientRow unsorted(String type) {
        return row(type, in(4, 2), (tf, x) -> op(tf, type).in(x.get(0), ints(tf, 1, 0, 1, 0), tf.constant(2)));
    }

    private static GradientRow matMul(
            boolean transposeA, boolean transposeB, GradientRow.Input a, GradientRow.Input b) {
        return row("MatMul", a, b, (tf, x) -> op(tf, "MatMul").in(x).set(o -> o.setAttr("transpose_a", transposeA)
                        .setAttr("transpose_b", transposeB)))
                .andTwice();
    }

    /** Parts of complex numbers, made from real ones: complex is not an input type of the rows. */
    static List<GradientRow> complex() {
        return List.of(
                row("Complex", in(4), in(4), (tf, x) -> op(tf, "Real")
                        .in(op(tf, "Conj").in(complexOf(tf, x)).out(0))
                        .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE))),
                part("Real"),
                part("Imag"),
                row("Conj", in(4), in(4), (tf, x) -> op(tf, "Imag")
                        .in(op(tf, "Conj").in(complexOf(tf, x)).out(0))
                        .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE))),
                part("Angle"));
    }

    private static GradientRow part(String type) {
        return row(type, in(0.3, 2, 4), in(4), (tf, x) -> op(tf, type)
                .in(complexOf(tf, x))
                .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE)));
    }

    private static Operand<?> complexOf(Ops tf, List<Operand<TFloat64>> x) {
        return op(tf, "Complex")
                .in(x)
                .set(b -> b.setAttr("Tout", DataType.DT_COMPLEX128))
                .out(0);
    }
}
