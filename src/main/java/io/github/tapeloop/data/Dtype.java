package io.github.tapeloop.data;

import io.github.tapeloop.bridge.NativeMemory;
import java.math.BigInteger;
import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Locale;
import org.tensorflow.ndarray.DoubleNdArray;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.IntNdArray;
import org.tensorflow.ndarray.LongNdArray;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** The element types of a column: which heap buffer collects a batch of it, and which tensor takes it. */
enum Dtype {
    FLOAT32 {
        @Override
        Buffer allocate(int elements) {
            return FloatBuffer.allocate(elements);
        }

        @Override
        TNumber tensorOf(Shape shape) {
            return TFloat32.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TFloat32) tensor).copyFrom(DataBuffers.of((float[]) elements.array(), true, false));
        }

        @Override
        int length(Object array) {
            return ((float[]) array).length;
        }

        @Override
        double at(Object array, int index) {
            return ((float[]) array)[index];
        }

        @Override
        void put(Object array, int from, int count, Buffer out) {
            ((FloatBuffer) out).put((float[]) array, from, count);
        }

        @Override
        void put(NdArray<?> array, Buffer out) {
            int size = (int) array.size();
            ((FloatNdArray) array)
                    .copyTo(DataBuffers.of((float[]) out.array(), false, false).slice(out.position(), size));
            out.position(out.position() + size);
        }

        @Override
        void fill(double value, int count, Buffer out) {
            FloatBuffer elements = (FloatBuffer) out;
            for (int i = 0; i < count; i++) {
                elements.put((float) value);
            }
        }
    },
    FLOAT64 {
        @Override
        Buffer allocate(int elements) {
            return DoubleBuffer.allocate(elements);
        }

        @Override
        TNumber tensorOf(Shape shape) {
            return TFloat64.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TFloat64) tensor).copyFrom(DataBuffers.of((double[]) elements.array(), true, false));
        }

        @Override
        int length(Object array) {
            return ((double[]) array).length;
        }

        @Override
        double at(Object array, int index) {
            return ((double[]) array)[index];
        }

        @Override
        void put(Object array, int from, int count, Buffer out) {
            ((DoubleBuffer) out).put((double[]) array, from, count);
        }

        @Override
        void put(NdArray<?> array, Buffer out) {
            int size = (int) array.size();
            ((DoubleNdArray) array)
                    .copyTo(DataBuffers.of((double[]) out.array(), false, false).slice(out.position(), size));
            out.position(out.position() + size);
        }

        @Override
        void fill(double value, int count, Buffer out) {
            DoubleBuffer elements = (DoubleBuffer) out;
            for (int i = 0; i < count; i++) {
                elements.put(value);
            }
        }
    },
    INT32 {
        @Override
        Buffer allocate(int elements) {
            return IntBuffer.allocate(elements);
        }

        @Override
        TNumber tensorOf(Shape shape) {
            return TInt32.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TInt32) tensor).copyFrom(DataBuffers.of((int[]) elements.array(), true, false));
        }

        @Override
        int length(Object array) {
            return ((int[]) array).length;
        }

        @Override
        double at(Object array, int index) {
            return ((int[]) array)[index];
        }

        @Override
        void put(Object array, int from, int count, Buffer out) {
            ((IntBuffer) out).put((int[]) array, from, count);
        }

        @Override
        void put(NdArray<?> array, Buffer out) {
            int size = (int) array.size();
            ((IntNdArray) array)
                    .copyTo(DataBuffers.of((int[]) out.array(), false, false).slice(out.position(), size));
            out.position(out.position() + size);
        }

        @Override
        void fill(double value, int count, Buffer out) {
            IntBuffer elements = (IntBuffer) out;
            for (int i = 0; i < count; i++) {
                elements.put((int) value);
            }
        }
    },
    INT64 {
        @Override
        Buffer allocate(int elements) {
            return LongBuffer.allocate(elements);
        }

        @Override
        TNumber tensorOf(Shape shape) {
            return TInt64.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TInt64) tensor).copyFrom(DataBuffers.of((long[]) elements.array(), true, false));
        }

        @Override
        int length(Object array) {
            return ((long[]) array).length;
        }

        @Override
        double at(Object array, int index) {
            return ((long[]) array)[index];
        }

        @Override
        void put(Object array, int from, int count, Buffer out) {
            ((LongBuffer) out).put((long[]) array, from, count);
        }

        @Override
        void put(NdArray<?> array, Buffer out) {
            int size = (int) array.size();
            ((LongNdArray) array)
                    .copyTo(DataBuffers.of((long[]) out.array(), false, false).slice(out.position(), size));
            out.position(out.position() + size);
        }

        @Override
        void fill(double value, int count, Buffer out) {
            LongBuffer elements = (LongBuffer) out;
            for (int i = 0; i < count; i++) {
                elements.put((long) value);
            }
        }
    };

    /** A heap buffer of this type's java.nio class. */
    abstract Buffer allocate(int elements);

    static Dtype of(TNumber tensor) {
        return switch (tensor.dataType()) {
            case DT_FLOAT -> FLOAT32;
            case DT_DOUBLE -> FLOAT64;
            case DT_INT32 -> INT32;
            case DT_INT64 -> INT64;
            default -> throw new IllegalArgumentException("no column has the dtype " + tensor.dataType());
        };
    }

    static Dtype of(NdArray<?> array) {
        if (array instanceof FloatNdArray) {
            return FLOAT32;
        }
        if (array instanceof DoubleNdArray) {
            return FLOAT64;
        }
        if (array instanceof IntNdArray) {
            return INT32;
        }
        if (array instanceof LongNdArray) {
            return INT64;
        }
        throw new IllegalArgumentException(
                "an array of the type " + array.getClass().getSimpleName()
                        + " makes no column; its elements must be float, double, int or long");
    }

    /**
     * A new native tensor of this type, its elements undefined.
     *
     * @throws DataException if there is no memory for it
     */
    final TNumber allocate(Shape shape) {
        NativeMemory.prepare();
        try {
            return tensorOf(shape);
        } catch (NullPointerException | OutOfMemoryError e) { // TensorFlow Java looks into memory that it did not get.
            throw new DataException(
                    "no native memory for a batch of " + bytes(shape) + " bytes, " + name().toLowerCase(Locale.ROOT)
                            + " " + shape
                            + ", that is " + Texts.size(bytes(shape).doubleValue())
                            + ": take smaller batches, close what is no longer used, or give the process more",
                    e);
        }
    }

    private BigInteger bytes(Shape shape) {
        BigInteger bytes = BigInteger.valueOf(bytes());
        for (long dimension : shape.asArray()) {
            bytes = bytes.multiply(BigInteger.valueOf(dimension));
        }
        return bytes;
    }

    /** Of an element. */
    final int bytes() {
        return this == FLOAT64 || this == INT64 ? Long.BYTES : Integer.BYTES;
    }

    /** Whether a number can be an element, rounded to its precision or cut to its whole part. */
    final boolean holds(double value) {
        return switch (this) {
            case FLOAT32 -> Double.isInfinite(value) || !Float.isInfinite((float) value);
            case FLOAT64 -> true;
            case INT32 -> Math.abs(value) <= Integer.MAX_VALUE;
            case INT64 -> Math.abs(value) < Long.MAX_VALUE;
        };
    }

    abstract TNumber tensorOf(Shape shape);

    /** Fills a tensor of this type with the first elements of a buffer that {@link #allocate(int)} made. */
    abstract void copy(Buffer elements, TNumber tensor);

    /** How many elements an array of this type has. */
    abstract int length(Object array);

    /** An element of an array of this type. */
    abstract double at(Object array, int index);

    /** Appends a part of an array of this type to a buffer that {@link #allocate(int)} made. */
    abstract void put(Object array, int from, int count, Buffer out);

    /** Appends all elements of an array of this type, row-major. */
    abstract void put(NdArray<?> array, Buffer out);

    final void put(Object array, Buffer out) {
        put(array, 0, length(array), out);
    }

    /** An array of this type with the same elements. */
    final Object copy(Object array) {
        Buffer copy = allocate(length(array));
        put(array, copy);
        return copy.array();
    }

    /** Appends a value some times. */
    abstract void fill(double value, int count, Buffer out);
}
