package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Brings targets into the form that a formula takes. */
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
        Operand<? extends TNumber> labels =
                switch (Tensors.dataType(target)) {
                    case DT_INT32, DT_INT64 -> target;
                    default -> Tensors.cast(tf, target, TInt64.class);
                };
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
     * Applies an op of rows [n, classes] and class numbers [n] to predictions [batch, …, classes].
     *
     * @return what the op gave, [batch, …]
     */
    static <T extends TType> Operand<T> byRow(
            Ops tf,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> classes,
            BiFunction<Operand<TFloat32>, Operand<? extends TNumber>, Operand<T>> op) {
        Shape shape = Tensors.shape(prediction);
        if (shape.numDimensions() == 2) {
            return op.apply(prediction, classes);
        }
        Operand<TFloat32> rows = tf.reshape(prediction, tf.constant(new long[] {-1, shape.get(-1)}));
        return tf.reshape(op.apply(rows, tf.reshape(classes, tf.constant(new int[] {-1}))), tf.shape(classes));
    }

    /** Whether each class, int32 or int64, has one of the k highest scores of its row. */
    static Operand<TBool> topK(Ops tf, Operand<TFloat32> prediction, Operand<? extends TNumber> classes, int k) {
        Operand<TFloat32> scores = Tensors.cast(tf, prediction, TFloat32.class); // The op takes no other type.
        return byRow(tf, scores, classes, (rows, numbers) -> inTopK(tf, rows, numbers, k));
    }

    private static <T extends TNumber> Operand<TBool> inTopK(
            Ops tf, Operand<TFloat32> rows, Operand<T> classes, int k) {
        return tf.nn.inTopK(rows, classes, Tensors.constant(tf, k, classes.type()));
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
