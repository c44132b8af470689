package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.complexOf;
import static io.github.tapeloop.tape.GradientRow.given;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.parts;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

/** Factorisations, systems of equations, diagonals, and Fourier transforms. */
final class MatrixRows {

    /** Matrices whose singular values are well apart. */
    private static final GradientRow.Input TALL =
            given(Shape.of(4, 3), 1.2, 0.3, -0.5, 0.4, -1.1, 0.8, -0.7, 0.6, 1.5, 0.2, 0.9, -0.3);

    private static final GradientRow.Input WIDE = given(Shape.of(2, 4), 1.2, 0.3, -0.5, 0.4, -1.1, 0.8, -0.7, 0.6);

    private MatrixRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        rows.addAll(factorisations());
        rows.addAll(complexFactorisations());
        rows.addAll(inverses());
        rows.addAll(systems());
        rows.addAll(bands());
        rows.addAll(diagonals());
        rows.addAll(transforms());
        return rows;
    }

    private static List<GradientRow> factorisations() {
        List<GradientRow> rows = new ArrayList<>();
        rows.add(row("Cholesky", in(3, 3), (tf, x) -> op(tf, "Cholesky").in(positive(tf, x.get(0))))
                .andTwice());
        rows.add(row("Cholesky", in(2, 2, 2), (tf, x) -> op(tf, "Cholesky").in(positive(tf, x.get(0))))
                .andTwice());
        for (GradientRow.Input input : List.of(in(4, 3), in(3, 3), in(2, 3, 2), in(2, 4), in(2, 2, 3))) {
            rows.add(plain("Qr", input).andTwice().within(1e-6));
        }
        rows.add(row("Qr", in(2, 3), (tf, x) -> op(tf, "Qr").in(x).set(b -> b.setAttr("full_matrices", true)))
                .within(1e-6));
        for (GradientRow.Input input : List.of(TALL, in(3, 3), in(2, 3, 2), WIDE)) {
            rows.add(plain("Svd", input).andTwice().within(1e-5));
            rows.add(row(
                            "Svd",
                            input,
                            (tf, x) -> first(tf, op(tf, "Svd").in(x).set(b -> b.setAttr("compute_uv", false))))
                    .andTwice()
                    .within(1e-6));
        }
        rows.add(row("Svd", in(3, 3), (tf, x) -> op(tf, "Svd").in(x).set(b -> b.setAttr("full_matrices", true)))
                .within(1e-6));
        for (GradientRow.Input input : List.of(in(3, 3), in(2, 2, 2))) {
            rows.add(plain("SelfAdjointEigV2", input).andTwice().within(1e-5));
            rows.add(row(
                            "SelfAdjointEigV2",
                            input,
                            (tf, x) ->
                                    first(tf, op(tf, "SelfAdjointEigV2").in(x).set(b -> b.setAttr("compute_v", false))))
                    .andTwice()
                    .within(1e-6));
            rows.add(row("MatrixSquareRoot", input, (tf, x) -> op(tf, "MatrixSquareRoot")
                            .in(positive(tf, x.get(0))))
                    .andTwice()
                    .within(1e-6));
        }
        rows.add(row("Svd", in(4, 3), in(4, 3), MatrixRows::complexSvd).within(1e-6));
        rows.add(row("Svd", in(2, 3), in(2, 3), MatrixRows::complexSvd).within(1e-6));
        rows.add(row("Eig", in(3, 3), (tf, x) -> eigen(tf, x.get(0), true)).within(1e-6));
        rows.add(row("Eig", in(2, 2, 2), (tf, x) -> eigen(tf, x.get(0), false)).within(1e-6));
        return rows;
    }

    /** X Xᴴ + 1: symmetric and positive definite. */
    private static Operand<?> positive(Ops tf, Operand<?> x) {
        Operand<?> product = op(tf, "BatchMatMulV2")
                .in(x, x)
                .set(b -> b.setAttr("adj_y", true))
                .out(0);
        Operand<?> diagonal = op(tf, "MatrixDiagPart").in(product).out(0);
        Operand<?> ones = op(tf, "OnesLike").in(diagonal).out(0);
        Operand<?> raised = op(tf, "AddV2").in(diagonal, ones).out(0);
        return op(tf, "MatrixSetDiag").in(product, raised).out(0);
    }

    /** What does not depend on the signs or phases of singular vectors: U₂ Vᴴ, where U₂ is U with rows weighted. */
    private static GradientRow.Op complexSvd(Ops tf, List<Operand<TFloat64>> x) {
        GradientRow.Op svd = op(tf, "Svd").in(complexOf(tf, x.get(0), x.get(1)));
        Operand<?> weights = complexOf(tf, tf.constant(new double[] {1, 3}), tf.constant(new double[] {0.5, -1}));
        Operand<?> u = op(tf, "Mul").in(columns(tf, svd.out(1)), weights).out(0);
        Operand<?> product = op(tf, "BatchMatMulV2")
                .in(u, columns(tf, svd.out(2)))
                .set(b -> b.setAttr("adj_y", true))
                .out(0);
        return parts(tf, product);
    }

    /** The values without the vectors: these are not set if not asked for. */
    private static GradientRow.Op first(Ops tf, GradientRow.Op op) {
        return op(tf, "Identity").in(op.out(0));
    }

    private static Operand<?> columns(Ops tf, Operand<?> matrix) {
        return op(tf, "Slice").in(matrix, ints(tf, 0, 0), ints(tf, -1, 2)).out(0);
    }

    /** The eigenvalues, and of the vectors what does not depend on their phases: v |v|². */
    private static GradientRow.Op eigen(Ops tf, Operand<?> x, boolean vectors) {
        GradientRow.Op eig = op(tf, "Eig").in(x).set(b -> b.setAttr("Tout", DataType.DT_COMPLEX128)
                .setAttr("compute_v", vectors));
        if (!vectors) {
            return parts(tf, eig.out(0));
        }
        Operand<?> size = op(tf, "Mul")
                .in(eig.out(1), op(tf, "Conj").in(eig.out(1)).out(0))
                .out(0);
        return parts(tf, op(tf, "AddV2").in(eig.out(0), size).out(0));
    }

    private static List<GradientRow> complexFactorisations() {
        List<GradientRow> rows = new ArrayList<>();
        rows.add(row(
                "Cholesky",
                in(3, 3),
                in(3, 3),
                (tf, x) -> parts(
                        tf,
                        op(tf, "Cholesky")
                                .in(positive(tf, complexOf(tf, x.get(0), x.get(1))))
                                .out(0))));
        rows.add(row(
                        "MatrixSquareRoot",
                        in(2, 2),
                        in(2, 2),
                        (tf, x) -> parts(
                                tf,
                                op(tf, "MatrixSquareRoot")
                                        .in(positive(tf, complexOf(tf, x.get(0), x.get(1))))
                                        .out(0)))
                .within(1e-6));
        for (String type : List.of("MatrixInverse", "MatrixDeterminant")) {
            rows.add(row(
                            type,
                            in(3, 3),
                            in(3, 3),
                            (tf, x) -> parts(
                                    tf,
                                    op(tf, type)
                                            .in(complexOf(tf, x.get(0), x.get(1)))
                                            .out(0)))
                    .within(1e-6));
        }
        for (int output = 0; output < 2; output++) {
            int which = output;
            rows.add(row(
                            "LogMatrixDeterminant",
                            in(3, 3),
                            in(3, 3),
                            (tf, x) -> parts(
                                    tf,
                                    op(tf, "LogMatrixDeterminant")
                                            .in(complexOf(tf, x.get(0), x.get(1)))
                                            .out(which)))
                    .within(1e-6));
        }
        for (boolean adjoint : new boolean[] {true, false}) {
            rows.add(GradientRow.of(
                            "MatrixSolve",
                            List.of(in(2, 2), in(2, 2), in(2, 3), in(2, 3)),
                            (tf, x) -> parts(
                                    tf,
                                    op(tf, "MatrixSolve")
                                            .in(complexOf(tf, x.get(0), x.get(1)), complexOf(tf, x.get(2), x.get(3)))
                                            .set(b -> b.setAttr("adjoint", adjoint))
                                            .out(0)))
                    .within(1e-6));
        }
        return rows;
    }

    private static List<GradientRow> inverses() {
        List<GradientRow> rows = new ArrayList<>();
        for (boolean adjoint : new boolean[] {true, false}) {
            rows.add(row("MatrixInverse", in(2, 2, 2), (tf, x) -> op(tf, "MatrixInverse")
                            .in(x)
                            .set(b -> b.setAttr("adjoint", adjoint)))
                    .andTwice()
                    .within(1e-6));
        }
        rows.add(plain("MatrixDeterminant", in(3, 3)).andTwice().within(1e-6));
        rows.add(plain("MatrixDeterminant", in(2, 2, 2)).andTwice().within(1e-6));
        rows.add(plain("LogMatrixDeterminant", in(3, 3)).andTwice().within(1e-6));
        rows.add(plain("LogMatrixDeterminant", in(2, 2, 2)).andTwice().within(1e-6));
        rows.add(plain("Cross", in(3), in(3)).andTwice());
        rows.add(plain("Cross", in(2, 3), in(2, 3)).andTwice());
        return rows;
    }

    private static List<GradientRow> systems() {
        List<GradientRow> rows = new ArrayList<>();
        for (boolean adjoint : new boolean[] {true, false}) {
            rows.add(row("MatrixSolve", in(2, 3, 3), in(2, 3, 2), (tf, x) -> op(tf, "MatrixSolve")
                            .in(x)
                            .set(b -> b.setAttr("adjoint", adjoint)))
                    .andTwice()
                    .within(1e-5));
            for (boolean lower : new boolean[] {true, false}) {
                GradientRow.Body solve =
                        (tf, x) -> op(tf, "MatrixTriangularSolve").in(x).set(b -> b.setAttr("adjoint", adjoint)
                                .setAttr("lower", lower));
                rows.add(row("MatrixTriangularSolve", in(0.5, 2, 3, 3), in(3, 2), solve)
                        .andTwice()
                        .within(1e-6));
                rows.add(row("MatrixTriangularSolve", in(0.5, 2, 2, 2), in(3, 2, 1), solve)
                        .within(1e-6));
                rows.add(row("MatrixTriangularSolve", in(0.5, 2, 3, 2, 2), in(2, 1), solve)
                        .within(1e-6));
            }
        }
        for (boolean fast : new boolean[] {true, false}) {
            for (GradientRow.Input matrix : List.of(in(4, 2), in(2, 4), in(3, 3), in(2, 3, 2))) {
                long[] shape = matrix.shape().asArray();
                shape[shape.length - 1] = 2;
                rows.add(row("MatrixSolveLs", matrix, in(shape), (tf, x) -> op(tf, "MatrixSolveLs")
                                .in(x.get(0), x.get(1), tf.constant(fast ? 0.3 : 0))
                                .set(b -> b.setAttr("fast", fast)))
                        .andTwice()
                        .within(1e-5));
            }
        }
        return rows;
    }

    private static List<GradientRow> bands() {
        List<GradientRow> rows = new ArrayList<>();
        for (boolean adjoint : new boolean[] {true, false}) {
            for (boolean lower : new boolean[] {true, false}) {
                rows.add(row("BandedTriangularSolve", in(0.7, 2, 2, 4), in(4, 2), (tf, x) -> op(
                                        tf, "BandedTriangularSolve")
                                .in(x)
                                .set(b -> b.setAttr("adjoint", adjoint).setAttr("lower", lower)))
                        .within(1e-6));
                rows.add(row("BandedTriangularSolve", in(0.7, 2, 2, 3, 3), in(2, 3, 1), (tf, x) -> op(
                                        tf, "BandedTriangularSolve")
                                .in(x)
                                .set(b -> b.setAttr("adjoint", adjoint).setAttr("lower", lower)))
                        .andTwice()
                        .within(1e-6));
            }
        }
        for (boolean pivoting : new boolean[] {true, false}) {
            rows.add(row("TridiagonalSolve", in(0.5, 3, 3, 4), in(4, 2), (tf, x) -> op(tf, "TridiagonalSolve")
                            .in(x)
                            .set(b -> b.setAttr("partial_pivoting", pivoting)))
                    .andTwice()
                    .within(1e-5));
        }
        rows.add(plain("TridiagonalSolve", in(0.5, 3, 2, 3, 3), in(2, 3, 1)).within(1e-6));
        rows.add(GradientRow.of("TridiagonalMatMul", List.of(in(1, 4), in(1, 4), in(1, 4), in(4, 2)), (tf, x) -> op(
                                tf, "TridiagonalMatMul")
                        .in(x))
                .andTwice());
        rows.add(GradientRow.of(
                        "TridiagonalMatMul",
                        List.of(in(2, 1, 3), in(2, 1, 3), in(2, 1, 3), in(2, 3, 2)),
                        (tf, x) -> op(tf, "TridiagonalMatMul").in(x))
                .andTwice());
        return rows;
    }

    private static List<GradientRow> diagonals() {
        List<GradientRow> rows = new ArrayList<>();
        rows.add(plain("MatrixDiagPart", in(2, 3, 2)).andTwice());
        rows.add(plain("MatrixDiagPart", in(3, 3)).andTwice());
        rows.add(plain("MatrixSetDiag", in(2, 3, 2), in(2, 2)).andTwice());
        for (String version : List.of("V2", "V3")) {
            rows.add(row("MatrixDiag" + version, in(2, 3), in(), (tf, x) -> op(tf, "MatrixDiag" + version)
                            .in(x.get(0), tf.constant(0), tf.constant(-1), tf.constant(-1), x.get(1)))
                    .andTwice());
            rows.add(row("MatrixDiag" + version, in(2, 3, 3), in(), (tf, x) -> op(tf, "MatrixDiag" + version)
                            .in(x.get(0), ints(tf, -1, 1), tf.constant(3), tf.constant(4), x.get(1)))
                    .andTwice());
            rows.add(row("MatrixDiagPart" + version, in(2, 3, 4), in(), (tf, x) -> op(tf, "MatrixDiagPart" + version)
                            .in(x.get(0), ints(tf, -2, 2), x.get(1)))
                    .andTwice());
            rows.add(row("MatrixSetDiag" + version, in(3, 4), in(3), (tf, x) -> op(tf, "MatrixSetDiag" + version)
                            .in(x.get(0), x.get(1), tf.constant(1)))
                    .andTwice());
            rows.add(row("MatrixSetDiag" + version, in(2, 3, 4), in(2, 3, 3), (tf, x) -> op(
                                    tf, "MatrixSetDiag" + version)
                            .in(x.get(0), x.get(1), ints(tf, -1, 1)))
                    .andTwice());
        }
        for (String align : List.of("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")) {
            rows.add(row("MatrixDiagPartV3", in(3, 4), in(), (tf, x) -> op(tf, "MatrixDiagPartV3")
                    .in(x.get(0), ints(tf, -2, 2), x.get(1))
                    .set(b -> b.setAttr("align", align))));
        }
        return rows;
    }

    private static List<GradientRow> transforms() {
        List<GradientRow> rows = new ArrayList<>();
        List<GradientRow.Input> inputs = List.of(in(2, 5), in(2, 3, 4), in(2, 3, 2));
        for (int rank = 1; rank <= 3; rank++) {
            String suffix = rank == 1 ? "" : rank + "D";
            for (String type : List.of("FFT" + suffix, "IFFT" + suffix)) {
                GradientRow.Input input = inputs.get(rank - 1);
                rows.add(row(
                                type,
                                input,
                                input,
                                (tf, x) -> parts(
                                        tf,
                                        op(tf, type)
                                                .in(complexOf(tf, x.get(0), x.get(1)))
                                                .out(0)))
                        .andTwice());
            }
        }
        rows.add(ofReal("RFFT", in(2, 5), 5));
        rows.add(ofReal("RFFT", in(2, 5), 4));
        rows.add(ofReal("RFFT", in(7), 6));
        rows.add(ofReal("RFFT2D", in(2, 3, 5), 3, 4));
        rows.add(ofReal("RFFT2D", in(3, 5), 2, 3));
        rows.add(ofReal("RFFT3D", in(2, 3, 3), 2, 2, 3));
        rows.add(toReal("IRFFT", in(2, 3), 5));
        rows.add(toReal("IRFFT", in(2, 3), 4));
        rows.add(toReal("IRFFT", in(5), 6));
        rows.add(toReal("IRFFT2D", in(2, 3, 3), 3, 4));
        rows.add(toReal("IRFFT2D", in(3, 3), 2, 5));
        rows.add(toReal("IRFFT3D", in(2, 2, 3), 2, 2, 4));
        return rows;
    }

    private static GradientRow ofReal(String type, GradientRow.Input input, int... length) {
        return row(
                        type,
                        input,
                        (tf, x) -> parts(
                                tf,
                                op(tf, type)
                                        .in(x.get(0), tf.constant(length))
                                        .set(b -> b.setAttr("Tcomplex", DataType.DT_COMPLEX128))
                                        .out(0)))
                .andTwice();
    }

    private static GradientRow toReal(String type, GradientRow.Input input, int... length) {
        return row(type, input, input, (tf, x) -> op(tf, type)
                        .in(complexOf(tf, x.get(0), x.get(1)), tf.constant(length))
                        .set(b -> b.setAttr("Treal", DataType.DT_DOUBLE)))
                .andTwice();
    }
}
