package io.github.tapeloop.metric;

import io.github.tapeloop.measure.ClassNumbers;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Max;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** The step that brings targets into the form that a formula takes. */
final class Targets {

    private Targets() {}

    /**
     * Targets in the type and shape of the predictions. [batch] and [batch, 1] are taken as the same; other shapes must be
     * equal, since broadcasting hides mistakes here.
     *
     * @throws IllegalArgumentException if the shapes differ
     */
    static Operand<TFloat32> like(
            Ops tf, Metric metric, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TFloat32> wanted = Tensors.cast(tf, target, prediction.type());
        Shape shape = Tensors.shape(target);
        Shape expected = Tensors.shape(prediction);
        if (shape.isCompatibleWith(expected)) {
            return wanted;
        }
        if (differByOne(shape, expected)) {
            return tf.reshape(wanted, tf.shape(prediction));
        }
        throw new IllegalArgumentException("Metric '" + metric.name()
                + "' expects targets shaped like the predictions, " + expected + ", got " + Tensors.describe(target)
                + (shape.numDimensions() == expected.numDimensions() - 1
                        ? ": for class numbers use a sparse metric such as SparseCategoricalAccuracy"
                        : ""));
    }

    /**
     * Class numbers, int32 or int64, one for each row of predictions [batch, …, classes].
     *
     * @throws IllegalArgumentException if there is not one target for each row
     */
    static Operand<? extends TNumber> classes(
            Ops tf, Metric metric, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<? extends TNumber> labels = ClassNumbers.of(tf, target);
        Shape predicted = requireClasses(metric, prediction);
        Shape expected = predicted.take(predicted.numDimensions() - 1);
        Shape shape = Tensors.shape(target);
        if (shape.isCompatibleWith(expected)) {
            return labels;
        }
        if (isLongerByOne(shape, expected)) {
            return tf.squeeze(labels, Squeeze.axis(List.of(-1L)));
        }
        throw new IllegalArgumentException("Metric '" + metric.name()
                + "' expects a class number for each prediction, " + expected + ", got " + Tensors.describe(target)
                + (shape.isCompatibleWith(predicted) ? ": for one-hot targets use the categorical metric" : ""));
    }

    /**
     * Whether each class, int32 or int64, has one of the k highest scores of its row, of any type. TensorFlow's op has no
     * answer to rows in which a class is masked by -∞.
     */
    static Operand<TBool> topK(Ops tf, Operand<TFloat32> prediction, Operand<? extends TNumber> classes, int k) {
        int last = Tensors.rank(prediction) - 1;
        Operand<TInt32> size = tf.gather(tf.shape(prediction), tf.constant(last), tf.constant(0));
        Operand<TBool> isThis = tf.oneHot(classes, size, tf.constant(true), tf.constant(false));
        Operand<TFloat32> lowest = Tensors.constant(tf, Double.NEGATIVE_INFINITY, prediction.type());
        Operand<TFloat32> own = tf.max(tf.select(isThis, prediction, lowest), tf.constant(-1), Max.keepDims(true));
        Operand<TInt32> better =
                tf.sum(Tensors.cast(tf, tf.math.greater(prediction, own), TInt32.class), tf.constant(-1));
        Operand<TBool> isClass = tf.reduceAny(isThis, tf.constant(-1));
        return tf.math.logicalAnd(isClass, tf.math.less(better, tf.constant(k)));
    }

    /** Which elements of two operands are not a number; the same shape. */
    static Operand<TBool> unknown(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Operand<TBool> unknown = tf.math.isNan(prediction);
        return Tensors.isDifferentiable(Tensors.dataType(target))
                ? tf.math.logicalOr(unknown, tf.math.isNan(target))
                : unknown;
    }

    /** Which rows of predictions [batch, …, classes] have an element that is not a number. */
    static Operand<TBool> unknownRows(Ops tf, Operand<? extends TNumber> scores) {
        return tf.reduceAny(tf.math.isNan(scores), tf.constant(-1));
    }

    /** 1 where an answer is right, 0 where it is wrong, and not a number where there is none. */
    static Operand<TFloat64> graded(Ops tf, Operand<TBool> right, Operand<TBool> unknown) {
        return tf.select(unknown, tf.constant(Double.NaN), Tensors.cast(tf, right, TFloat64.class));
    }

    /** The shape of predictions [batch, …, classes]. */
    static Shape requireClasses(Metric metric, Operand<?> prediction) {
        Shape shape = Tensors.shape(prediction);
        if (shape.numDimensions() < 2) {
            throw new IllegalArgumentException("Metric '" + metric.name()
                    + "' expects predictions [batch, …, classes], got " + Tensors.describe(prediction));
        }
        return shape;
    }

    /** A dimension of the predictions, which may be counted from the last. */
    static int requireAxis(Metric metric, int axis, Operand<?> prediction) {
        int rank = Tensors.rank(prediction);
        if (axis < -rank || axis >= rank) {
            throw new IllegalArgumentException("Metric '" + metric.name() + "' needs axis in [" + -rank + ", "
                    + (rank - 1) + "] for predictions " + Tensors.describe(prediction) + ", got " + axis);
        }
        return axis;
    }

    /** The shape of predictions [batch, columns] with a known number of columns. */
    static Shape requireTable(Metric metric, Operand<?> prediction) {
        Shape shape = Tensors.shape(prediction);
        if (shape.numDimensions() != 2 || shape.get(1) == Shape.UNKNOWN_SIZE) {
            throw new IllegalArgumentException("Metric '" + metric.name()
                    + "' expects predictions [batch, columns], got " + Tensors.describe(prediction));
        }
        return shape;
    }

    /** Whether one shape is the other with a last dimension of 1. */
    static boolean differByOne(Shape a, Shape b) {
        return isLongerByOne(a, b) || isLongerByOne(b, a);
    }

    private static boolean isLongerByOne(Shape longer, Shape shorter) {
        return longer.numDimensions() == shorter.numDimensions() + 1
                && longer.get(-1) == 1
                && longer.take(shorter.numDimensions()).isCompatibleWith(shorter);
    }
}
