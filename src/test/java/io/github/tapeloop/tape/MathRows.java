package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.complexOf;
import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Arithmetic and functions of one number, of real and of complex ones. */
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
                plain("DivNoNan", in(2, 3), in(0.5, 2, 3)).andTwice(),
                plain("SquaredDifference", in(2, 3), in(3)).andTwice(),
                plain("Maximum", in(2, 3), in(3)).andTwice(),
                plain("Minimum", in(2, 3), in(3)).andTwice(),
                plain("Pow", in(0.3, 2, 2, 3), in(3)).andTwice(),
                plain("Maximum", in(2, 1), in(1, 3)).andTwice(),
                plain("Pow", in(0.3, 2, 2, 1), in(1, 3)).andTwice().within(1e-7), // Steep.
                row("Pow", in(2, 3), (tf, x) -> op(tf, "Pow").in(x.get(0), tf.constant(2.0)))
                        .andTwice(),
                row("Pow", given(Shape.of(3, 1), 0, 1.3, -0.7), (tf, x) -> op(tf, "Pow")
                                .in(x.get(0), tf.constant(new double[] {0, 1, 2, 3})))
                        .andTwice(),
                row("Mul", in(2, 3), (tf, x) -> op(tf, "Mul").in(x.get(0), x.get(0)))
                        .andTwice(),
                row("DivNoNan", in(3), (tf, x) -> op(tf, "DivNoNan").in(x.get(0), tf.constant(new double[] {2, 0, 1}))),
                plain("Atan2", in(2, 3), in(0.5, 2, 3)).andTwice(),
                row("AddN", in(2, 2), in(2, 2), in(2, 2), (tf, x) -> op(tf, "AddN")
                                .list(x))
                        .andTwice(),
                // One number.
                plain("Abs", in(2, 3)).andTwice(),
                plain("Acos", in(-0.8, 0.8, 5)).andTwice(),
                plain("Acosh", in(1.2, 3, 5)).andTwice(),
                plain("Asin", in(-0.8, 0.8, 5)).andTwice(),
                plain("Asinh", in(5)).andTwice(),
                plain("Atan", in(5)).andTwice(),
                plain("Atanh", in(-0.8, 0.8, 5)).andTwice(),
                plain("Cos", in(5)).andTwice(),
                plain("Cosh", in(5)).andTwice(),
                plain("Elu", in(6)),
                plain("Erf", in(5)).andTwice(),
                plain("Erfinv", in(-0.8, 0.8, 5)).andTwice(),
                plain("Exp", in(5)).andTwice(),
                plain("Expm1", in(5)).andTwice(),
                plain("Inv", in(0.5, 2, 5)),
                plain("Lgamma", in(0.5, 3, 5)),
                plain("Log", in(0.5, 3, 5)).andTwice(),
                plain("Log1p", in(0.5, 3, 5)).andTwice(),
                plain("Ndtri", in(0.2, 0.8, 5)).andTwice().within(1e-7),
                plain("Neg", in(5)).andTwice(),
                plain("Reciprocal", in(0.5, 2, 5)),
                plain("Relu", in(6)).andTwice(),
                plain("Relu6", in(-2.0, 8.0, 9)),
                plain("Rsqrt", in(0.5, 2, 5)),
                plain("Selu", in(6)),
                plain("Sigmoid", in(5)).andTwice(),
                plain("Sign", in(6)),
                plain("Sin", in(5)).andTwice(),
                plain("Sinh", in(5)).andTwice(),
                plain("Softplus", in(5)),
                plain("Softsign", in(5)),
                plain("Sqrt", in(0.5, 3, 5)).andTwice(),
                plain("Square", in(5)).andTwice(),
                plain("Tan", in(-0.7, 0.7, 5)).andTwice().within(1e-7),
                plain("Tanh", in(2, 3)).andTwice(),
                plain("TanhGrad", in(-0.9, 0.9, 5), in(5)).andTwice(),
                plain("SigmoidGrad", in(0.1, 0.9, 5), in(5)).andTwice(),
                plain("Identity", in(2, 3)).andTwice(),
                checkNumerics(),
                row("LeakyRelu", in(6), (tf, x) -> op(tf, "LeakyRelu").in(x).set(b -> b.setAttr("alpha", 0.3f))),
                row("ClipByValue", in(7), (tf, x) -> op(tf, "ClipByValue")
                        .in(x.get(0), tf.constant(-0.5), tf.constant(0.9))),
                plain("ClipByValue", in(7), in(-0.6, -0.4), in(0.4, 0.6)),
                plain("ClipByValue", in(2, 3), in(-0.9, -0.1, 2, 3), in(0.2, 0.8, 2, 3)),
                plain("L2Loss", in(2, 3)));
    }

    private static GradientRow checkNumerics() {
        return row("CheckNumerics", in(4), (tf, x) -> op(tf, "CheckNumerics")
                .in(x)
                .set(b -> b.setAttr("message", "not a number")));
    }

    /** Parts of complex numbers, made from real ones: complex is not an input type of the rows. */
    static List<GradientRow> complex() {
        return List.of(
                row("Complex", in(4), in(4), (tf, x) -> op(tf, "Real")
                        .in(op(tf, "Conj").in(complexOf(tf, x.get(0), x.get(1))).out(0))
                        .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE))),
                part("Real"),
                part("Imag"),
                row("Conj", in(4), in(4), (tf, x) -> op(tf, "Imag")
                        .in(op(tf, "Conj").in(complexOf(tf, x.get(0), x.get(1))).out(0))
                        .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE))),
                part("Angle"),
                row("ComplexAbs", in(4), in(4), (tf, x) -> op(tf, "ComplexAbs")
                                .in(complexOf(tf, x.get(0), x.get(1)))
                                .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE)))
                        .andTwice());
    }

    private static GradientRow part(String type) {
        return row(type, in(0.3, 2, 4), in(4), (tf, x) -> op(tf, type)
                .in(complexOf(tf, x.get(0), x.get(1)))
                .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE)));
    }
}
