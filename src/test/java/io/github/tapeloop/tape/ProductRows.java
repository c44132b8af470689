package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.row;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.proto.DataType;

/** Products of matrices and of tensors. */
final class ProductRows {

    private ProductRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>(List.of(
                matMul(false, false, in(2, 3), in(3, 4)),
                matMul(true, false, in(3, 2), in(3, 4)),
                matMul(false, true, in(2, 3), in(4, 3)),
                matMul(true, true, in(3, 2), in(4, 3))));
        for (String type : List.of("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")) {
            rows.add(batchMatMul(type, false, false, in(2, 2, 3), in(2, 3, 2)));
            rows.add(batchMatMul(type, true, false, in(2, 3, 2), in(2, 3, 4)));
            rows.add(batchMatMul(type, false, true, in(2, 2, 3), in(2, 4, 3)));
            rows.add(batchMatMul(type, true, true, in(2, 3, 2), in(2, 4, 3)));
        }
        for (String type : List.of("BatchMatMulV2", "BatchMatMulV3")) { // These broadcast.
            rows.add(batchMatMul(type, true, true, in(1, 2, 3, 2), in(3, 1, 4, 3)));
            rows.add(batchMatMul(type, false, false, in(3, 2), in(2, 2, 4)));
        }
        rows.add(einsum("ij,jk->ki", in(2, 3), in(3, 4)));
        rows.add(einsum("ij->", in(2, 3)));
        rows.add(einsum("ij->ji", in(2, 3)));
        rows.add(einsum("ii->i", in(3, 3)));
        rows.add(einsum("i,j->ij", in(2), in(3)));
        rows.add(einsum("ij,ij->", in(2, 3), in(2, 3)));
        rows.add(einsum("abc,c->a", in(2, 2, 3), in(3)));
        rows.add(einsum("bij,bjk->bik", in(2, 2, 3), in(2, 3, 2)));
        rows.add(einsum("...ij,...jk->...ik", in(2, 2, 3), in(3, 2)));
        rows.add(einsum("...ij,jk->...ik", in(2, 1, 2, 3), in(3, 2)));
        return rows;
    }

    private static GradientRow matMul(
            boolean transposeA, boolean transposeB, GradientRow.Input a, GradientRow.Input b) {
        return row("MatMul", a, b, (tf, x) -> op(tf, "MatMul").in(x).set(o -> o.setAttr("transpose_a", transposeA)
                        .setAttr("transpose_b", transposeB)))
                .andTwice();
    }

    private static GradientRow batchMatMul(
            String type, boolean adjointX, boolean adjointY, GradientRow.Input x1, GradientRow.Input x2) {
        return row(type, x1, x2, (tf, x) -> op(tf, type).in(x).set(b -> {
                    b.setAttr("adj_x", adjointX).setAttr("adj_y", adjointY);
                    if (type.equals("BatchMatMulV3")) {
                        b.setAttr("Tout", DataType.DT_DOUBLE);
                    }
                }))
                .andTwice();
    }

    private static GradientRow einsum(String equation, GradientRow.Input... inputs) {
        return GradientRow.of("Einsum", List.of(inputs), (tf, x) -> op(tf, "Einsum")
                        .list(x)
                        .set(b -> b.setAttr("equation", equation)))
                .andTwice();
    }
}
