package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Facts: what is known of an operand without reading its value, and small formulas, the same for an eager and for a
 * traced one.
 */
public final class Tensors {

    private Tensors() {}

    /**
     * The shape of an operand. For an eager operand this costs far less than {@link Operand#shape()}, and repeated calls
     * cost next to nothing.
     *
     * @param operand any operand
     * @return its shape; dimensions of a traced operand can be unknown (-1)
     * @throws IllegalStateException if the operand has been freed
     */
    public static Shape shape(Operand<?> operand) {
        Output<?> output = operand.asOutput();
        if (TensorFlowInternals.handle(output) instanceof OwnedHandle handle) {
            requireLive(handle, output);
            return handle.shape();
        }
        return output.shape();
    }

    /**
     * The number of dimensions of an operand.
     *
     * @param operand any operand
     * @return its rank, -1 if unknown
     */
    public static int rank(Operand<?> operand) {
        return shape(operand).numDimensions();
    }

    /**
     * The data type of an operand.
     *
     * @param operand any operand
     * @return its data type
     * @throws IllegalStateException if the operand has been freed
     */
    public static DataType dataType(Operand<?> operand) {
        Output<?> output = operand.asOutput();
        if (TensorFlowInternals.handle(output) instanceof OwnedHandle handle) {
            requireLive(handle, output);
            return handle.dataType(output);
        }
        return output.dataType();
    }

    /**
     * A constant that the session makes once and keeps: an int32 scalar.
     *
     * @param tf makes ops
     * @param value its value
     * @return an operand that belongs to the session, or to the graph that is being traced
     */
    public static Operand<TInt32> constant(Ops tf, int value) {
        return Constants.of(tf, value);
    }

    /**
     * A constant that the session makes once and keeps: an int64 scalar.
     *
     * @param tf makes ops
     * @param value its value
     * @return an operand that belongs to the session, or to the graph that is being traced
     */
    public static Operand<TInt64> constant(Ops tf, long value) {
        return Constants.of(tf, value);
    }

    /**
     * A constant that the session makes once and keeps: a float32 scalar.
     *
     * @param tf makes ops
     * @param value its value
     * @return an operand that belongs to the session, or to the graph that is being traced
     */
    public static Operand<TFloat32> constant(Ops tf, float value) {
        return Constants.of(tf, value);
    }

    /**
     * A constant that the session makes once and keeps: a float64 scalar.
     *
     * @param tf makes ops
     * @param value its value
     * @return an operand that belongs to the session, or to the graph that is being traced
     */
    public static Operand<TFloat64> constant(Ops tf, double value) {
        return Constants.of(tf, value);
    }

    /**
     * A constant that the session makes once and keeps: an int32 vector.
     *
     * @param tf makes ops
     * @param values its elements, which must not change any more
     * @return an operand that belongs to the session, or to the graph that is being traced
     */
    public static Operand<TInt32> constant(Ops tf, int[] values) {
        return Constants.of(tf, values);
    }

    /**
     * A constant that the session makes once and keeps: an int64 vector.
     *
     * @param tf makes ops
     * @param values its elements, which must not change any more
     * @return an operand that belongs to the session, or to the graph that is being traced
     */
    public static Operand<TInt64> constant(Ops tf, long[] values) {
        return Constants.of(tf, values);
    }

    /**
     * A number as a constant of a type that is known at run time only, that of another operand for example.
     *
     * @param tf makes ops
     * @param value the number
     * @param type the type wanted
     * @param <T> that type
     * @return a scalar
     */
    @SuppressWarnings("unchecked") // Each branch compares the type.
    public static <T extends TNumber> Operand<T> constant(Ops tf, double value, Class<T> type) {
        if (type == TFloat32.class) {
            return (Operand<T>) Constants.of(tf, (float) value);
        }
        Operand<TFloat64> exact = Constants.of(tf, value);
        return type == TFloat64.class ? (Operand<T>) exact : Cast.create(tf.scope(), exact, type);
    }

    /**
     * An operand in another type.
     *
     * @param tf makes ops
     * @param operand any operand
     * @param type the type wanted
     * @param <T> that type
     * @return the operand itself if it has the type already
     */
    @SuppressWarnings("unchecked") // The types were compared.
    public static <T extends TType> Operand<T> cast(Ops tf, Operand<?> operand, Class<T> type) {
        return operand.type() == type ? (Operand<T>) operand : Cast.create(tf.scope(), operand, type);
    }

    /**
     * The whole numbers of a constant, such as an axis or a permutation.
     *
     * @param operand any operand
     * @return its elements if it is an int32 or int64 scalar or vector made as a constant, else empty
     * @throws IllegalStateException if the operand has been freed
     */
    public static Optional<long[]> constantNumbers(Operand<?> operand) {
        Output<?> output = operand.asOutput();
        return WholeNumbers.isConstant(output) ? Optional.ofNullable(WholeNumbers.of(output)) : Optional.empty();
    }

    /**
     * A tensor as an operand. Outside a trace it shares the tensor's memory, unlike {@code tf.constantOf}, which copies it.
     *
     * @param tf makes the operand; not of a session, it copies as well
     * @param tensor must not be written to any more while the operand, or a variable that it was assigned to, is there; it
     *     may be closed
     * @param <T> the tensor's type
     * @return the operand
     */
    @SuppressWarnings("unchecked") // The operand has the tensor's type.
    public static <T extends TType> Operand<T> shared(Ops tf, T tensor) {
        return tf.scope().env() instanceof EagerEnvironment environment
                ? (Operand<T>) environment.shared(tensor, tf.scope())
                : tf.constantOf(tensor);
    }

    /**
     * Whether a tensor's memory is its own: no operand and no variable shares it, so that it can be written anew.
     *
     * @param tensor an open tensor
     * @return true if nothing else refers to its memory
     */
    public static boolean isUnshared(TType tensor) {
        // TensorFlow tells by refusing to "move" a tensor whose memory has another owner; moving itself does nothing.
        return tensorflow.TF_TensorMaybeMove(TensorFlowInternals.handle(tensor.asRawTensor())) != null;
    }

    /**
     * Whether gradients can flow through values of a type.
     *
     * @param type a data type
     * @return true for real and complex floating point types
     */
    public static boolean isDifferentiable(DataType type) {
        return switch (type) {
            case DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16, DT_COMPLEX64, DT_COMPLEX128 -> true;
            default -> false;
        };
    }

    /**
     * Whether a gradient can go to an operand.
     *
     * @param operand any operand
     * @return true for numbers that have derivatives, and for the handle of a variable
     */
    public static boolean carriesGradient(Operand<?> operand) {
        DataType type = dataType(operand);
        return type == DataType.DT_RESOURCE || isDifferentiable(type);
    }

    /**
     * An operand in words for messages: {@code float32 [32, 784]}.
     *
     * @param operand any operand, a freed one included
     * @return its type and shape
     */
    public static String describe(Operand<?> operand) {
        Output<?> output = operand.asOutput();
        if (TensorFlowInternals.handle(output) instanceof OwnedHandle handle && handle.isFreed()) {
            return "(freed)";
        }
        return name(output.dataType()) + " " + shape(output);
    }

    /**
     * The usual name of a data type.
     *
     * @param type a data type
     * @return {@code float32}, {@code int64}, …
     */
    public static String name(DataType type) {
        return switch (type) {
            case DT_FLOAT -> "float32";
            case DT_DOUBLE -> "float64";
            case DT_HALF -> "float16";
            default -> type.name().substring("DT_".length()).toLowerCase(java.util.Locale.ROOT);
        };
    }

    /**
     * Whether an operand's memory is gone.
     *
     * @param operand any operand
     * @return true after the {@link TensorScope} that owned it closed; never for an operand of a graph
     */
    public static boolean isFreed(Operand<?> operand) {
        return TensorFlowInternals.handle(operand.asOutput()) instanceof OwnedHandle handle && handle.isFreed();
    }

    static void requireLive(OwnedHandle handle, Output<?> output) {
        if (handle.isFreed()) {
            if (handle.owner != null) { // Freed with all else, perhaps since the session was closed.
                handle.owner.session().requireOpen();
            }
            throw new IllegalStateException("Output " + output.index() + " of op "
                    + output.op().type() + " '" + output.op().name()
                    + "' was freed when its TensorScope closed. Use it inside that scope, or hand it out with"
                    + " scope.keep(operand)");
        }
    }
}
