package io.github.tapeloop.loss;

import io.github.tapeloop.measure.ClassNumbers;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Targets made to fit predictions, or refused. */
final class Targets {

    private Targets() {}

    /**
     * Targets in the type and shape of the predictions. [batch] and [batch, 1] are taken as the same; other shapes must be
     * equal, since broadcasting hides mistakes here.
     */
    static Operand<TFloat32> like(Ops tf, Loss loss, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        Shape expected = Tensors.shape(prediction);
        Shape shape = Tensors.shape(target);
        Operand<TFloat32> wanted = Tensors.cast(tf, target, prediction.type());
        if (shape.isCompatibleWith(expected)) {
            return wanted;
        }
        if (!differsByOne(shape, expected)) {
            throw new IllegalArgumentException(name(loss) + " expects targets shaped like the predictions, " + expected
                    + ", got " + Tensors.describe(target) + advice(shape, expected));
        }
        return tf.reshape(wanted, tf.shape(prediction));
    }

    /** Targets like predictions [batch, …, classes]. */
    static Operand<TFloat32> oneHot(
            Ops tf, Loss loss, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        requireClasses(loss, prediction);
        Shape shape = Tensors.shape(target);
        Shape expected = Tensors.shape(prediction);
        if (!shape.isCompatibleWith(expected)) {
            Shape labels = expected.take(expected.numDimensions() - 1);
            boolean numbers = shape.isCompatibleWith(labels) || differsByOne(shape, labels);
            throw new IllegalArgumentException(name(loss) + " expects targets shaped like the predictions, " + expected
                    + ", got " + Tensors.describe(target)
                    + (numbers ? ": for class numbers use a sparse loss, or pass tf.oneHot of them" : ""));
        }
        return Tensors.cast(tf, target, prediction.type());
    }

    /** Class numbers, int32 or int64 [batch, …], for predictions [batch, …, classes]. */
    static Operand<? extends TNumber> classes(
            Ops tf, Loss loss, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        requireClasses(loss, prediction);
        Shape shape = Tensors.shape(target);
        Shape expected = Tensors.shape(prediction).take(Tensors.rank(prediction) - 1);
        Operand<? extends TNumber> labels = target;
        if (shape.numDimensions() == expected.numDimensions() + 1 && shape.get(-1) == 1) {
            labels = tf.squeeze(target, Squeeze.axis(List.of(-1L)));
            shape = shape.take(shape.numDimensions() - 1);
        }
        if (!shape.isCompatibleWith(expected)) {
            throw new IllegalArgumentException(name(loss) + " expects a class number for each prediction, " + expected
                    + " for " + Tensors.describe(prediction) + ", got " + Tensors.describe(target)
                    + (shape.numDimensions() == expected.numDimensions() + 1
                            ? ": for one-hot targets use CategoricalCrossentropy, or pass their argMax"
                            : flatten(shape, expected)));
        }
        return ClassNumbers.of(tf, labels);
    }

    private static String advice(Shape shape, Shape expected) {
        int missing = expected.numDimensions() - shape.numDimensions();
        if (missing == 0 && shape.numDimensions() > 1 && shape.get(-1) != expected.get(-1)) {
            return ": give the last layer " + shape.get(-1) + " units, or the targets as many columns as it has units";
        }
        return missing == 1 ? ": for class numbers use SparseCategoricalCrossentropy" : flatten(shape, expected);
    }

    private static String flatten(Shape shape, Shape expected) {
        return shape.numDimensions() < expected.numDimensions()
                ? ": put a Flatten or a global pooling before the last layer, unless each place has a target"
                : "";
    }

    private static void requireClasses(Loss loss, Operand<TFloat32> prediction) {
        if (Tensors.rank(prediction) < 2) {
            throw new IllegalArgumentException(
                    name(loss) + " expects predictions [batch, …, classes], got " + Tensors.describe(prediction));
        }
    }

    private static String name(Loss loss) {
        return loss.getClass().getSimpleName();
    }

    /** Whether one shape is the other with a last dimension of 1. */
    private static boolean differsByOne(Shape a, Shape b) {
        Shape longer = a.numDimensions() > b.numDimensions() ? a : b;
        Shape shorter = longer == a ? b : a;
        return longer.numDimensions() == shorter.numDimensions() + 1
                && longer.get(-1) == 1
                && longer.take(shorter.numDimensions()).isCompatibleWith(shorter);
    }
}
