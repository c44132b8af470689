package io.github.tapeloop.tape;

import io.github.tapeloop.runtime.Tensors;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VariableShape;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Shapes, copies, indexing and variables. */
final class ArrayRules {

    private ArrayRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Identity", ArrayRules::identity);
        rules.put("ReadVariableOp", ArrayRules::identity);
        rules.put("EnsureShape", ArrayRules::identity);
        rules.put("Reshape", ArrayRules::reshape);
        rules.put("ExpandDims", ArrayRules::reshape);
        rules.put("Squeeze", ArrayRules::reshape);
        rules.put("Cast", ArrayRules::cast);
        rules.put("Gather", ArrayRules::gather);
        rules.put("ResourceGather", ArrayRules::resourceGather);
    }

    private static void identity(Ops tf, OpGradient op) {
        op.propagate(0, () -> op.gradient(0));
    }

    private static void reshape(Ops tf, OpGradient op) {
        op.propagate(0, () -> tf.reshape(op.gradient(0), shapeOf(tf, op.input(0))));
    }

    private static void cast(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TType> x = op.input(0);
            return Cast.create(tf.scope(), op.gradient(0), x.type());
        });
    }

    private static void gather(Ops tf, OpGradient op) {
        op.propagate(0, () -> scatter(tf, op, tf.shape(op.input(0))));
    }

    private static void resourceGather(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TInt32> shape = VariableShape.create(tf.scope(), op.input(0), TInt32.class);
            return scatter(tf, op, shape);
        });
    }

    /** Adds each gathered row's gradient to the row it came from; rows gathered twice get the sum. */
    private static <T extends TType, I extends TNumber> Operand<T> scatter(Ops tf, OpGradient op, Operand<TInt32> shape) {
        Operand<I> indices = op.input(1);
        Operand<I> rows = tf.expandDims(indices, tf.constant(-1));
        Operand<I> into = Cast.create(tf.scope(), shape, indices.type());
        return tf.scatterNd(rows, op.<T>gradient(0), into);
    }

    private static Operand<? extends TNumber> shapeOf(Ops tf, Operand<?> operand) {
        Shape shape = Tensors.shape(operand);
        if (shape.hasUnknownDimension()) {
            return tf.shape(operand);
        }
        Operand<TInt64> known = tf.constant(shape.asArray());
        return known;
    }
}
