package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * Images seen through projective transforms: output pixel (x, y) is read at ((a₀x + a₁y + a₂)/k, (b₀x + b₁y + b₂)/k),
 * k = c₀x + c₁y + 1, from the nearest pixel or between four. That is linear in the image, and the gradient its exact
 * adjoint: each output pixel's gradient is added to the pixels it was read from. TensorFlow for Python transforms the
 * gradient by the inverse instead, which is an approximation. Transforms and fill value have no gradient there or here.
 */
final class ProjectiveTransformRule {

    private final Ops tf;
    private final OpGradient op;
    private final Operand<TInt32> shape;
    private final Operand<TType> rows;
    private final Operand<TType> columns;

    private ProjectiveTransformRule(Ops tf, OpGradient op) {
        this.tf = tf;
        this.op = op;
        this.shape = Shapes.of(tf, op.input(0));
        this.rows = size(1);
        this.columns = size(2);
    }

    static void addTo(Map<String, GradientRule> rules) {
        GradientRule rule = (tf, op) -> op.propagate(0, () -> new ProjectiveTransformRule(tf, op).gradient());
        rules.put("ImageProjectiveTransformV2", rule);
        rules.put("ImageProjectiveTransformV3", rule);
    }

    private Operand<TType> size(int axis) {
        return RawOps.cast(tf, at(shape, axis), op.input(1).asOutput().dataType());
    }

    private Operand<TInt32> at(Operand<TInt32> vector, int index) {
        return tf.gather(vector, tf.constant(index), tf.constant(0));
    }

    private Operand<TType> gradient() {
        Formula<TType> x = coordinate(0, columns);
        Formula<TType> y = coordinate(3, rows);
        if (op.attribute("interpolation", String.class).orElseThrow().equals("NEAREST")) {
            return added(x.apply("Rint"), y.apply("Rint"), x.ones());
        }
        Formula<TType> left = x.apply("Floor");
        Formula<TType> top = y.apply("Floor");
        Formula<TType> right = left.plus(1);
        Formula<TType> bottom = top.plus(1);
        Formula<TType> toLeft = right.minus(x);
        Formula<TType> toRight = x.minus(left);
        Formula<TType> toTop = bottom.minus(y);
        Formula<TType> toBottom = y.minus(top);
        return added(left, top, toLeft.times(toTop))
                .plus(added(right, top, toRight.times(toTop)))
                .plus(added(left, bottom, toLeft.times(toBottom)))
                .plus(added(right, bottom, toRight.times(toBottom)));
    }

    /** Where each output pixel is read from, along one axis: [transforms, rows, columns]. */
    private Formula<TType> coordinate(int first, Operand<TType> size) {
        Operand<TInt32> output = Shapes.of(tf, op.output(0));
        Formula<TType> x = counted(at(output, 2)).expandDims(0).expandDims(0);
        Formula<TType> y = counted(at(output, 1)).expandDims(0).expandDims(-1);
        Formula<TType> scale = parameter(6).times(x).plus(parameter(7).times(y)).plus(1);
        Formula<TType> moved =
                parameter(first).times(x).plus(parameter(first + 1).times(y)).plus(parameter(first + 2));
        return mapped(moved.overOrZero(scale), Formula.of(tf, size));
    }

    private Formula<TType> counted(Operand<TInt32> count) {
        Operand<TInt32> numbers = Shapes.range(tf, tf.constant(0), count);
        return Formula.of(tf, RawOps.cast(tf, numbers, op.input(1).asOutput().dataType()));
    }

    private Formula<TType> parameter(int index) {
        Operand<TType> parameter = tf.gather(op.<TType>input(1), tf.constant(index), tf.constant(1));
        return Formula.of(tf, parameter).expandDims(-1).expandDims(-1);
    }

    /** Coordinates outside the image as the fill mode takes them. */
    private Formula<TType> mapped(Formula<TType> at, Formula<TType> size) {
        Formula<TType> last = size.minus(1);
        return switch (op.attribute("fill_mode", String.class).orElse("CONSTANT")) {
            case "REFLECT" -> { // abcd dcba: a period of twice the size.
                Formula<TType> period = size.times(2);
                Formula<TType> inPeriod = Formula.of(tf, RawOps.binary(tf, "FloorMod", at, period));
                Formula<TType> back = period.minus(inPeriod).minus(1);
                yield clipped(back.where(inPeriod.is("GreaterEqual", size), inPeriod), last);
            }
            case "WRAP" -> { // As the kernel has it: whole sizes, but one for each last coordinate.
                Formula<TType> over = at.minus(size.times(at.overOrZero(last).apply("Floor")));
                Formula<TType> rounds =
                        at.negated().overOrZero(last).apply("Floor").plus(1);
                Formula<TType> inside = over.where(at.is("Greater", last), at);
                yield clipped(at.plus(size.times(rounds)).where(at.is("Less", 0), inside), last);
            }
            case "NEAREST" -> clipped(at, last);
            default -> at;
        };
    }

    private Formula<TType> clipped(Formula<TType> at, Operand<TType> last) {
        Operand<TType> below = RawOps.binary(tf, "Minimum", at, last);
        return Formula.of(tf, RawOps.binary(tf, "Maximum", below, at.constant(0)));
    }

    /** Output gradients times weights, added at whole coordinates of the image; what lies outside is left out. */
    private Formula<TType> added(Formula<TType> x, Formula<TType> y, Formula<TType> weights) {
        Operand<TInt32> batch = at(shape, 0);
        Operand<TInt32> height = at(shape, 1);
        Operand<TInt32> width = at(shape, 2);
        Operand<TInt32> column = Tensors.cast(tf, x, TInt32.class);
        Operand<TInt32> row = Tensors.cast(tf, y, TInt32.class);
        var inside = tf.math.logicalAnd(within(column, width), within(row, height));
        Operand<TInt32> image = tf.math.mul(height, width);
        Operand<TInt32> starts = tf.math.mul(Shapes.range(tf, tf.constant(0), batch), image);
        Operand<TInt32> place = tf.math.add(
                tf.math.add(tf.math.mul(row, width), column), tf.reshape(starts, tf.constant(new int[] {-1, 1, 1})));
        Operand<TInt32> ids = tf.select(inside, place, tf.constant(-1));
        Formula<TType> dy = op.dy();
        Operand<TType> factor = RawOps.cast(tf, weights, dy.dataType());
        Formula<TType> shares = dy.times(Formula.of(tf, factor).expandDims(-1));
        Operand<TInt32> flat = tf.constant(new int[] {-1});
        Operand<TInt32> channels = Shapes.vector(tf, at(shape, 3));
        Formula<TType> values = shares.reshape(Shapes.join(tf, flat, channels));
        return SegmentRules.sum(tf, values, tf.reshape(ids, flat), tf.math.mul(batch, image))
                .reshape(shape);
    }

    private Operand<TBool> within(Operand<TInt32> at, Operand<TInt32> size) {
        return tf.math.logicalAnd(tf.math.greaterEqual(at, tf.constant(0)), tf.math.less(at, size));
    }
}
