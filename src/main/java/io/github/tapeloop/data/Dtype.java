package io.github.tapeloop.data;

import java.nio.Buffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
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
        TNumber allocate(Shape shape) {
            return TFloat32.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TFloat32) tensor).copyFrom(DataBuffers.of((float[]) elements.array(), true, false));
        }
    },
    FLOAT64 {
        @Override
        Buffer allocate(int elements) {
            return DoubleBuffer.allocate(elements);
        }

        @Override
        TNumber allocate(Shape shape) {
            return TFloat64.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TFloat64) tensor).copyFrom(DataBuffers.of((double[]) elements.array(), true, false));
        }
    },
    INT32 {
        @Override
        Buffer allocate(int elements) {
            return IntBuffer.allocate(elements);
        }

        @Override
        TNumber allocate(Shape shape) {
            return TInt32.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TInt32) tensor).copyFrom(DataBuffers.of((int[]) elements.array(), true, false));
        }
    },
    INT64 {
        @Override
        Buffer allocate(int elements) {
            return LongBuffer.allocate(elements);
        }

        @Override
        TNumber allocate(Shape shape) {
            return TInt64.tensorOf(shape);
        }

        @Override
        void copy(Buffer elements, TNumber tensor) {
            ((TInt64) tensor).copyFrom(DataBuffers.of((long[]) elements.array(), true, false));
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

    /** A new native tensor of this type, its elements undefined. */
    abstract TNumber allocate(Shape shape);

    /** Fills a tensor of this type with the first elements of a buffer that {@link #allocate(int)} made. */
    abstract void copy(Buffer elements, TNumber tensor);
}
