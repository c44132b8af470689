package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** Patches of images and colours. */
final class ImageRules {

    private ImageRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("ExtractImagePatches", ImageRules::patches);
        rules.put("ExtractVolumePatches", ImageRules::patches);
        rules.put("RGBToHSV", ImageRules::hue);
        rules.put("ResizeBicubic", (tf, op) -> resized(tf, op, "align_corners", "half_pixel_centers"));
        rules.put("ScaleAndTranslate", (tf, op) -> resized(tf, op, "kernel_type", "antialias"));
        ProjectiveTransformRule.addTo(rules);
    }

    /**
     * TensorFlow's gradient op, which asks the image for its size only and takes fewer types than the op: in float32, the type of
     * the output whatever that of the image.
     */
    private static void resized(Ops tf, OpGradient op, String... attributes) {
        op.propagate(0, () -> {
            Operand<TType> image = op.input(0);
            List<Operand<?>> inputs = new ArrayList<>();
            inputs.add(op.gradient(0));
            inputs.add(Tensors.cast(tf, image, TFloat32.class));
            for (int scale = 2; scale < op.inputs(); scale++) { // Input 1 is the new size.
                inputs.add(op.input(scale));
            }
            OperationBuilder builder = RawOps.builder(tf, op.type() + "Grad", inputs.toArray(Operand<?>[]::new));
            Operand<TType> slope =
                    RawOps.attributesOf(op, builder, attributes).build().output(0);
            return RawOps.cast(tf, slope, image.asOutput().dataType());
        });
    }

    /**
     * Each patch element goes back to the place it was copied from, and what was copied twice gets the sum. The same op
     * on an image of place numbers, from 1 on, says which place that was; 0 is padding.
     */
    private static <T extends TType> void patches(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            int rank = Shapes.rank(op.input(0));
            Operand<TInt32> shape = Shapes.of(tf, op.input(0));
            Operand<TInt32> first = tf.constant(new int[] {1});
            Operand<TInt32> flat = tf.constant(new int[] {-1});
            Operand<TInt32> batch = Shapes.part(tf, shape, tf.constant(0), tf.constant(1));
            Operand<TInt32> inner = Shapes.part(tf, shape, tf.constant(1), tf.constant(rank - 1));
            Operand<TInt32> channels = Shapes.part(tf, shape, tf.constant(rank - 1), tf.constant(rank));
            Operand<TInt32> places = Shapes.product(tf, inner);
            Operand<TInt32> end = tf.math.add(places, tf.constant(1));
            Operand<TInt32> numbers =
                    tf.reshape(Shapes.range(tf, tf.constant(1), end), Shapes.join(tf, first, inner, first));
            OperationBuilder builder = RawOps.builder(tf, op.type(), Tensors.cast(tf, numbers, TFloat64.class));
            RawOps.attributesOf(op, builder, "ksizes", "strides", "rates", "padding");
            Operand<TInt32> from = tf.reshape(Tensors.cast(tf, builder.build().output(0), TInt32.class), flat);

            Operand<TInt32> table = Shapes.join(tf, batch, Shapes.vector(tf, tf.size(from)), channels);
            Operand<TInt32> order = tf.constant(new int[] {1, 0, 2});
            Operand<T> copies = tf.linalg.transpose(tf.reshape(op.<T>gradient(0), table), order);
            Operand<T> summed = tf.slice(
                    SegmentRules.sum(tf, copies, from, end),
                    tf.constant(new int[] {1, 0, 0}),
                    tf.constant(new int[] {-1, -1, -1}));
            return tf.reshape(tf.linalg.transpose(summed, order), shape);
        });
    }

    /**
     * Hue, saturation and value written out. Smith 1978, Color gamut transform pairs: the value is the largest of red,
     * green and blue, the saturation how far the smallest lies below it, and the hue tells which is the largest.
     */
    private static void hue(Ops tf, OpGradient op) {
        Composite.propagate(tf, op, new int[] {0}, () -> {
            Formula<TType> rgb = op.in(0);
            Formula<TType> red = channel(tf, rgb, 0);
            Formula<TType> green = channel(tf, rgb, 1);
            Formula<TType> blue = channel(tf, rgb, 2);
            Operand<TInt32> last = tf.constant(new int[] {-1});
            Formula<TType> value = Formula.of(tf, RawOps.make(tf, "Max", rgb, last));
            Formula<TType> range = value.minus(RawOps.make(tf, "Min", rgb, last));
            Formula<TType> sixth = range.times(6);
            Formula<TType> ofBlue = red.minus(green).overOrZero(sixth).plus(4.0 / 6);
            Formula<TType> ofGreen = blue.minus(red).overOrZero(sixth).plus(2.0 / 6);
            Formula<TType> hue = green.minus(blue)
                    .overOrZero(sixth)
                    .where(red.is("Equal", value), ofGreen.where(green.is("Equal", value), ofBlue))
                    .where(range.is("Greater", 0), 0);
            Formula<TType> positive = hue.plus(1).where(hue.is("Less", 0), hue);
            List<Operand<TType>> channels = List.of(positive, range.overOrZero(value), value);
            return List.of(tf.stack(channels, Stack.axis(-1L)));
        });
    }

    private static Formula<TType> channel(Ops tf, Operand<TType> image, int index) {
        return Formula.of(tf, tf.gather(image, tf.constant(index), tf.constant(-1)));
    }
}
