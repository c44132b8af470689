package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.complexOf;
import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.parts;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/** Special functions, products that are 0 where a factor is, and slopes of activations. */
final class FunctionRows {

    private FunctionRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        rows.addAll(arithmetic());
        rows.addAll(specialFunctions());
        rows.addAll(besselFunctions());
        rows.addAll(slopes());
        rows.addAll(complexSlopes());
        return rows;
    }

    private static List<GradientRow> arithmetic() {
        return List.of(
                plain("Xlogy", in(2, 3), in(0.5, 2, 3)).andTwice(),
                plain("Xlogy", in(3), in(0.5, 2, 2, 1)).andTwice(),
                row("Xlogy", in(0.5, 2, 3), (tf, x) -> op(tf, "Xlogy")
                        .in(tf.constant(new double[] {2, 0, 1}), x.get(0))),
                plain("Xlog1py", in(2, 3), in(-0.5, 2, 3)).andTwice(),
                plain("Xlog1py", in(2, 1), in(-0.5, 2, 3)).andTwice(),
                plain("Xdivy", in(2, 3), in(0.5, 2, 3)).andTwice(),
                plain("Xdivy", in(2, 1, 3), in(0.5, 2, 4, 1)).andTwice(),
                plain("MulNoNan", in(2, 3), in(3)).andTwice(),
                row("MulNoNan", in(3), (tf, x) -> op(tf, "MulNoNan").in(x.get(0), tf.constant(new double[] {2, 0, 1}))),
                plain("FloorMod", given(Shape.of(4), 5.3, -4.2, 0.7, 3.6), given(Shape.of(2, 1), 1.5, -2.2))
                        .andTwice(),
                plain("NextAfter", in(2, 3), in(3)).andTwice());
    }

    private static List<GradientRow> specialFunctions() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("Erfc", "FresnelCos", "FresnelSin", "Dawsn")) {
            rows.add(plain(type, in(2, 3)).andTwice().within(1e-7));
        }
        rows.add(plain("Expint", in(0.5, 2, 5)).andTwice());
        rows.add(plain("Spence", in(0.3, 2.6, 5)).andTwice());
        rows.add(plain("Spence", given(Shape.of(2), 1, 1.5)).andTwice());
        rows.add(plain("Lgamma", in(0.5, 3, 5)).andTwice().within(1e-7));
        rows.add(plain("Digamma", in(0.6, 3, 5)).andTwice().within(1e-6));
        rows.add(row("Polygamma", in(0.6, 3, 2, 3), (tf, x) -> op(tf, "Polygamma")
                        .in(tf.constant(new double[] {1, 2, 3}), x.get(0)))
                .andTwice()
                .within(1e-6));
        rows.add(row("Zeta", in(0.6, 3, 3), (tf, x) -> op(tf, "Zeta")
                        .in(tf.constant(new double[][] {{1.5}, {2.5}}), x.get(0)))
                .andTwice()
                .within(1e-6));
        for (String type : List.of("Igamma", "Igammac")) {
            rows.add(plain(type, in(0.5, 3, 2, 1), in(0.5, 3, 3)));
            rows.add(row(type, in(0.5, 3, 3), (tf, x) -> op(tf, type).in(tf.constant(1.7), x.get(0)))
                    .andTwice());
        }
        rows.add(row("Betainc", in(0.2, 0.8, 4), (tf, x) -> op(tf, "Betainc")
                        .in(tf.constant(new double[] {1.5, 2.5, 0.7, 1}))
                        .in(tf.constant(new double[] {2.2, 0.8, 3, 1}), x.get(0)))
                .andTwice());
        return rows;
    }

    private static List<GradientRow> besselFunctions() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("J0", "J1", "I0", "I1", "I0e", "I1e")) {
            rows.add(plain("Bessel" + type, in(5)).andTwice().within(1e-7));
        }
        for (String type : List.of("J1", "I1")) {
            rows.add(plain("Bessel" + type, given(Shape.of(1), 0)));
        }
        for (String type : List.of("Y0", "Y1", "K0", "K1", "K0e", "K1e")) {
            rows.add(plain("Bessel" + type, in(0.7, 3, 5)).andTwice().within(1e-7));
        }
        return rows;
    }

    private static List<GradientRow> slopes() {
        List<GradientRow> rows = new ArrayList<>();
        for (String type : List.of("EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad")) {
            rows.add(plain(type, in(6), in(-0.9, 2, 6)).andTwice());
        }
        for (String type : List.of("SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad")) {
            rows.add(plain(type, in(0.5, 2, 5), in(5)).andTwice());
        }
        rows.add(plain("Relu6Grad", in(9), in(-2.0, 8.0, 9)).andTwice());
        for (String type : List.of("Elu", "Selu", "Softplus", "Softsign")) { // The rules above, one level up.
            rows.add(plain(type, in(6)).andTwice());
        }
        for (String type : List.of("Rsqrt", "Reciprocal", "Inv")) {
            rows.add(plain(type, in(0.5, 2, 5)).andTwice());
        }
        rows.add(plain("Relu6", in(-2.0, 8.0, 9)).andTwice());
        return rows;
    }

    private static List<GradientRow> complexSlopes() {
        List<GradientRow> rows = new ArrayList<>();
        List<String> types = new ArrayList<>(List.of("SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad"));
        types.addAll(List.of("TanhGrad", "SigmoidGrad", "Xlogy", "Xlog1py", "Xdivy"));
        for (String type : types) {
            rows.add(GradientRow.of(
                            type,
                            List.of(in(3), in(0.5, 2, 3), in(3), in(0.6, 2, 3)),
                            (tf, x) -> parts(
                                    tf,
                                    op(tf, type)
                                            .in(complexOf(tf, x.get(0), x.get(1)), complexOf(tf, x.get(2), x.get(3)))
                                            .out(0)))
                    .within(1e-7));
        }
        rows.add(GradientRow.of("MulNoNan", List.of(in(3), in(3), in(3), in(3)), (tf, x) -> op(tf, "Real")
                .in(op(tf, "MulNoNan")
                        .in(complexOf(tf, x.get(0), x.get(1)), complexOf(tf, x.get(2), x.get(3)))
                        .out(0))
                .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE))));
        return rows;
    }
}
