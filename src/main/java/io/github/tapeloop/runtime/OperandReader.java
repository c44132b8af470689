package io.github.tapeloop.runtime;

import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.op.Operands;
import org.tensorflow.op.Ops;
import org.tensorflow.op.dtypes.Cast;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * A reader of operands: gives their values as Java's numbers and arrays, converted by TensorFlow where the type is another
 * one.
 */
abstract class OperandReader {

    OperandReader() {}

    /**
     * Makes ops.
     *
     * @return ops of the session
     */
    public abstract Ops tf();

    /**
     * Runs ops that no tape hears of, and frees what they make.
     *
     * @param body runs ops
     */
    public abstract void unrecorded(Runnable body);

    /**
     * Reads a value: the tensor given to {@code reader} shares the operand's memory and is closed when it returns.
     *
     * @param operand an operand of this session
     * @param reader takes what it needs out of the tensor, which it must not keep: TensorFlow Java does not say so of a tensor that
     *     was closed, and its memory belongs to others then. {@link TapeSession#tensor} gives one to keep
     * @param <T> the operand's type
     * @param <R> the result's type
     * @return what {@code reader} returned
     * @throws IllegalStateException if the operand has been freed
     */
    public abstract <T extends TType, R> R read(Operand<T> operand, Function<? super T, ? extends R> reader);

    /**
     * Reads a scalar of any numeric type.
     *
     * @param operand a number of shape []
     * @return its value as a double
     * @throws IllegalArgumentException if the operand is not a scalar
     * @throws IllegalStateException if the operand has been freed
     */
    public final double scalar(Operand<? extends TNumber> operand) {
        if (Tensors.rank(operand) != 0) {
            throw new IllegalArgumentException("Expected a scalar, got " + described(operand));
        }
        return read(operand, OperandReader::number);
    }

    private static double number(TType tensor) {
        if (tensor instanceof TFloat32 t) {
            return t.getFloat();
        } else if (tensor instanceof TFloat64 t) {
            return t.getDouble();
        } else if (tensor instanceof TInt32 t) {
            return t.getInt();
        } else if (tensor instanceof TInt64 t) {
            return t.getLong();
        } else if (tensor instanceof TFloat16 t) {
            return t.getFloat();
        } else if (tensor instanceof TBfloat16 t) {
            return t.getFloat();
        } else if (tensor instanceof TUint8 t) {
            return t.getByte() & 0xff;
        }
        throw new IllegalArgumentException("Expected a number, got " + Tensors.name(tensor.dataType()));
    }

    /**
     * Reads numbers of any type as floats.
     *
     * @param operand numbers of any type and shape
     * @return all of them in row-major order, those that are not float32 rounded to the nearest that is
     * @throws IllegalArgumentException if the operand holds no numbers
     * @throws IllegalStateException if the operand has been freed
     */
    public final float[] floats(Operand<?> operand) {
        requireNumbers(operand);
        return array(operand, TFloat32.class, float[]::new, (tensor, all) -> tensor.asRawTensor()
                .data()
                .asFloats()
                .read(all));
    }

    /**
     * Reads numbers of any type as doubles.
     *
     * @param operand numbers of any type and shape
     * @return all of them in row-major order, exactly, but for whole numbers beyond 2^53
     * @throws IllegalArgumentException if the operand holds no numbers
     * @throws IllegalStateException if the operand has been freed
     */
    public final double[] doubles(Operand<?> operand) {
        requireNumbers(operand);
        return array(operand, TFloat64.class, double[]::new, (tensor, all) -> tensor.asRawTensor()
                .data()
                .asDoubles()
                .read(all));
    }

    /**
     * Reads whole numbers of any type as ints.
     *
     * @param operand whole numbers of any type and shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is not of a whole type, or a number is too large for an int
     * @throws IllegalStateException if the operand has been freed
     */
    public final int[] ints(Operand<?> operand) {
        if (Tensors.dataType(operand) == DataType.DT_INT32) {
            return array(operand, TInt32.class, int[]::new, (tensor, all) -> tensor.asRawTensor()
                    .data()
                    .asInts()
                    .read(all));
        }
        long[] wide = longs(operand);
        int[] all = new int[wide.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = (int) wide[i];
            if (all[i] != wide[i]) {
                throw new IllegalArgumentException("Expected numbers that fit into an int, got " + wide[i]
                        + " as element " + i + " of " + described(operand) + ": read them with session.longs(operand)");
            }
        }
        return all;
    }

    /**
     * Reads whole numbers of any type as longs.
     *
     * @param operand whole numbers of any type and shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is not of a whole type, or a number is too large for a long
     * @throws IllegalStateException if the operand has been freed
     */
    public final long[] longs(Operand<?> operand) {
        DataType type = Tensors.dataType(operand);
        switch (type) {
            case DT_INT8, DT_INT16, DT_INT32, DT_INT64, DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64 -> {}
            default ->
                throw new IllegalArgumentException("Expected whole numbers, got " + described(operand)
                        + ": read floating point numbers with session.floats or session.doubles");
        }
        long[] all = array(operand, TInt64.class, long[]::new, (tensor, values) -> tensor.asRawTensor()
                .data()
                .asLongs()
                .read(values));
        for (int i = 0; type == DataType.DT_UINT64 && i < all.length; i++) {
            if (all[i] < 0) {
                throw new IllegalArgumentException("Expected numbers that fit into a long, got "
                        + Long.toUnsignedString(all[i]) + " as element " + i + " of " + described(operand)
                        + ": read them with session.doubles(operand)");
            }
        }
        return all;
    }

    /**
     * Reads truth values.
     *
     * @param operand bool, of any shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is of another type
     * @throws IllegalStateException if the operand has been freed
     */
    public final boolean[] booleans(Operand<?> operand) {
        require(DataType.DT_BOOL, "truth values", operand);
        byte[] bytes = array(operand, TBool.class, byte[]::new, (tensor, all) -> tensor.asRawTensor()
                .data()
                .read(all));
        boolean[] values = new boolean[bytes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = bytes[i] != 0;
        }
        return values;
    }

    /**
     * Reads texts.
     *
     * @param operand strings in UTF-8, of any shape
     * @return all of them in row-major order
     * @throws IllegalArgumentException if the operand is of another type
     * @throws IllegalStateException if the operand has been freed
     */
    public final String[] strings(Operand<?> operand) {
        require(DataType.DT_STRING, "texts", operand);
        return array(operand, TString.class, String[]::new, (tensor, all) -> {
            int next = 0;
            for (NdArray<String> text : tensor.scalars()) {
                all[next++] = text.getObject();
            }
        });
    }

    /** Reads an operand as one of a type, which TensorFlow casts it to if need be; nothing is left and no tape hears. */
    private <T extends TType, A> A array(
            Operand<?> operand, Class<T> type, IntFunction<A> make, BiConsumer<T, A> copy) {
        DataType wanted = Operands.toDataType(type);
        Function<T, A> reader = tensor -> {
            if (tensor.size() > Integer.MAX_VALUE - 8) {
                throw new IllegalArgumentException(
                        "Expected at most 2^31 - 9 elements, which a Java array can hold, got "
                                + Tensors.name(tensor.dataType()) + " " + tensor.shape());
            }
            A all = make.apply((int) tensor.size());
            if (tensor.size() > 0) {
                copy.accept(tensor, all);
            }
            return all;
        };
        if (Tensors.dataType(operand) == wanted) {
            return read(typed(operand), reader);
        }
        Result<A> result = new Result<>();
        unrecorded(() -> result.value = read(Cast.create(tf().scope(), operand, type), reader));
        return result.value;
    }

    private static final class Result<A> {
        private A value;
    }

    @SuppressWarnings("unchecked") // The data types were compared.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }

    private static void requireNumbers(Operand<?> operand) {
        switch (Tensors.dataType(operand)) {
            case DT_FLOAT,
                    DT_DOUBLE,
                    DT_HALF,
                    DT_BFLOAT16,
                    DT_INT8,
                    DT_INT16,
                    DT_INT32,
                    DT_INT64,
                    DT_UINT8,
                    DT_UINT16,
                    DT_UINT32,
                    DT_UINT64 -> {}
            default -> throw new IllegalArgumentException("Expected real numbers, got " + described(operand));
        }
    }

    private static void require(DataType type, String what, Operand<?> operand) {
        if (Tensors.dataType(operand) != type) {
            throw new IllegalArgumentException("Expected " + what + ", got " + described(operand));
        }
    }

    private static String described(Operand<?> operand) {
        return Tensors.describe(operand) + " from op " + operand.asOutput().op().type() + " '"
                + operand.asOutput().op().name() + "'";
    }
}
