package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.GradientRow.back;
import static io.github.tapeloop.tape.GradientRow.in;
import static io.github.tapeloop.tape.GradientRow.ints;
import static io.github.tapeloop.tape.GradientRow.op;
import static io.github.tapeloop.tape.GradientRow.plain;
import static io.github.tapeloop.tape.GradientRow.row;
import static io.github.tapeloop.tape.GradientRow.single;

import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Patches, colours, and sequences. */
final class ImageRows {

    private ImageRows() {}

    static List<GradientRow> all() {
        List<GradientRow> rows = new ArrayList<>();
        rows.add(patches(in(2, 4, 5, 2), new long[] {1, 2, 3, 1}, new long[] {1, 1, 2, 1}, "VALID", 1));
        rows.add(patches(in(1, 4, 4, 1), new long[] {1, 3, 3, 1}, new long[] {1, 2, 2, 1}, "SAME", 1));
        rows.add(patches(in(1, 5, 5, 1), new long[] {1, 2, 2, 1}, new long[] {1, 1, 1, 1}, "VALID", 2));
        for (String padding : List.of("SAME", "VALID")) {
            rows.add(row("ExtractVolumePatches", in(1, 2, 3, 3, 2), (tf, x) -> op(tf, "ExtractVolumePatches")
                            .in(x)
                            .set(b -> b.setAttr("ksizes", new long[] {1, 2, 2, 2, 1})
                                    .setAttr("strides", new long[] {1, 1, 2, 1, 1})
                                    .setAttr("padding", padding)))
                    .andTwice());
        }
        rows.add(plain("RGBToHSV", in(0.1, 0.9, 5, 3)).within(1e-5));
        rows.add(plain("RGBToHSV", in(0.1, 0.9, 1, 3, 2, 3)).andTwice().within(1e-4));
        rows.add(row("CTCLoss", in(4, 2, 3), (tf, x) -> op(tf, "Identity")
                        .in(connectionist(tf, x.get(0)).out(0)))
                .within(1e-4)); // The kernel rounds its intermediate results.
        for (String mode : List.of("CONSTANT", "REFLECT", "WRAP", "NEAREST")) {
            rows.add(transformed("ImageProjectiveTransformV3", "BILINEAR", mode, 2));
            rows.add(transformed("ImageProjectiveTransformV3", "NEAREST", mode, 1));
        }
        rows.add(transformed("ImageProjectiveTransformV2", "BILINEAR", "REFLECT", 1));
        for (boolean peephole : new boolean[] {true, false}) {
            rows.add(cell("BlockLSTM", peephole));
            rows.add(cell("BlockLSTMV2", peephole));
        }
        return rows;
    }

    private static GradientRow patches(
            GradientRow.Input image, long[] size, long[] strides, String padding, long rate) {
        return row("ExtractImagePatches", image, (tf, x) -> op(tf, "ExtractImagePatches")
                        .in(x)
                        .set(b -> b.setAttr("ksizes", size)
                                .setAttr("strides", strides)
                                .setAttr("rates", new long[] {1, rate, rate, 1})
                                .setAttr("padding", padding)))
                .andTwice();
    }

    /** One transform for both images, or one for each; they lead outside, and one has a vanishing point. */
    private static GradientRow transformed(String type, String interpolation, String mode, int transforms) {
        float[] turn = {0.9f, 0.3f, -0.8f, -0.2f, 1.1f, 0.7f, 0, 0};
        float[] tilt = {1.3f, -0.2f, -2.1f, 0.1f, 0.8f, 0.45f, 0.05f, 0.1f};
        return row(type, in(2, 3, 4, 2), (tf, x) -> {
                    GradientRow.Op op = op(tf, type)
                            .in(x.get(0))
                            .in(tf.constant(transforms == 1 ? new float[][] {tilt} : new float[][] {turn, tilt}))
                            .in(ints(tf, 4, 3));
                    if (type.endsWith("V3")) {
                        op.in(tf.constant(0.3f));
                    }
                    return op.set(b -> b.setAttr("interpolation", interpolation).setAttr("fill_mode", mode));
                })
                .andTwice()
                .within(2e-4); // Coordinates are float32.
    }

    private static GradientRow.Op connectionist(Ops tf, Operand<?> inputs) {
        return op(tf, "CTCLoss")
                .in(inputs)
                .in(tf.constant(new long[][] {{0, 0}, {0, 1}, {1, 0}}))
                .in(ints(tf, 0, 1, 1), ints(tf, 4, 3));
    }

    /** The last state and the outputs of an LSTM over three steps; two inputs, two units. */
    private static GradientRow cell(String type, boolean peephole) {
        List<GradientRow.Input> inputs = List.of(
                in(3, 2, 2), // x
                in(2, 2), // cs_prev
                in(2, 2), // h_prev
                in(4, 8), // w
                in(2), // wci
                in(2), // wcf
                in(2), // wco
                in(8)); // b
        return GradientRow.of(type, inputs, (tf, x) -> {
                    GradientRow.Op cell = op(tf, type)
                            .in(tf.constant(3L))
                            .in(singles(tf, x))
                            .set(b -> b.setAttr("use_peephole", peephole).setAttr("cell_clip", 0f));
                    return back(
                            tf,
                            op(tf, "Pack")
                                    .list(List.of(cell.out(1), cell.out(6)))
                                    .out(0));
                })
                .inFloat32();
    }

    private static List<Operand<?>> singles(Ops tf, List<Operand<TFloat64>> x) {
        List<Operand<?>> singles = new ArrayList<>();
        x.forEach(operand -> singles.add(single(tf, operand)));
        return singles;
    }
}
