package io.github.tapeloop.runtime;

import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.op.Operands;
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

/** The values of operands as Java's numbers and arrays, converted by TensorFlow where the type is another one. */
final class Values {

    private Values() {}

    static double scalar(TapeSession session, Operand<? extends TNumber> operand) {
        if (Tensors.rank(operand) != 0) {
            throw new IllegalArgumentException("Expected a scalar, got " + described(operand));
        }
        return session.read(operand, Values::number);
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

    static float[] floats(TapeSession session, Operand<?> operand) {
        requireNumbers(operand);
        return array(session, operand, TFloat32.class, float[]::new, (tensor, all) -> tensor.asRawTensor()
                .data()
                .asFloats()
                .read(all));
    }

    static double[] doubles(TapeSession session, Operand<?> operand) {
        requireNumbers(operand);
        return array(session, operand, TFloat64.class, double[]::new, (tensor, all) -> tensor.asRawTensor()
                .data()
                .asDoubles()
                .read(all));
    }

    static int[] ints(TapeSession session, Operand<?> operand) {
        if (Tensors.dataType(operand) == DataType.DT_INT32) {
            return array(session, operand, TInt32.class, int[]::new, (tensor, all) -> tensor.asRawTensor()
                    .data()
                    .asInts()
                    .read(all));
        }
        long[] wide = longs(session, operand);
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

    static long[] longs(TapeSession session, Operand<?> operand) {
        DataType type = Tensors.dataType(operand);
        switch (type) {
            case DT_INT8, DT_INT16, DT_INT32, DT_INT64, DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64 -> {}
            default ->
                throw new IllegalArgumentException("Expected whole numbers, got " + described(operand)
                        + ": read floating point numbers with session.floats or session.doubles");
        }
        long[] all = array(session, operand, TInt64.class, long[]::new, (tensor, values) -> tensor.asRawTensor()
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

    static boolean[] booleans(TapeSession session, Operand<?> operand) {
        require(DataType.DT_BOOL, "truth values", operand);
        byte[] bytes = array(session, operand, TBool.class, byte[]::new, (tensor, all) -> tensor.asRawTensor()
                .data()
                .read(all));
        boolean[] values = new boolean[bytes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = bytes[i] != 0;
        }
        return values;
    }

    static String[] strings(TapeSession session, Operand<?> operand) {
        require(DataType.DT_STRING, "texts", operand);
        return array(session, operand, TString.class, String[]::new, (tensor, all) -> {
            int next = 0;
            for (NdArray<String> text : tensor.scalars()) {
                all[next++] = text.getObject();
            }
        });
    }

    /** Reads an operand as one of a type, which TensorFlow casts it to if need be; nothing is left and no tape hears. */
    private static <T extends TType, A> A array(
            TapeSession session, Operand<?> operand, Class<T> type, IntFunction<A> make, BiConsumer<T, A> copy) {
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
            return session.read(typed(operand), reader);
        }
        Result<A> result = new Result<>();
        session.unrecorded(
                () -> result.value = session.read(Cast.create(session.tf().scope(), operand, type), reader));
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
