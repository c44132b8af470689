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

/** The element types of a column: which heap buffer collects a batch of it, and which tensor it becomes. */
enum Dtype {
    FLOAT32 {
        @Override
        Buffer allocate(int elements) {
            return FloatBuffer.allocate(elements);
        }

        @Override
        TNumber tensor(Shape shape, Buffer elements) {
            return TFloat32.tensorOf(shape, DataBuffers.of((float[]) elements.array(), true, false));
        }
    },
    FLOAT64 {
        @Override
        Buffer allocate(int elements) {
            return DoubleBuffer.allocate(elements);
        }

        @Override
        TNumber tensor(Shape shape, Buffer elements) {
            return TFloat64.tensorOf(shape, DataBuffers.of((double[]) elements.array(), true, false));
        }
    },
    INT32 {
        @Override
        Buffer allocate(int elements) {
            return IntBuffer.allocate(elements);
        }

        @Override
        TNumber tensor(Shape shape, Buffer elements) {
            return TInt32.tensorOf(shape, DataBuffers.of((int[]) elements.array(), true, false));
        }
    },
    INT64 {
        @Override
        Buffer allocate(int elements) {
            return LongBuffer.allocate(elements);
        }

        @Override
        TNumber tensor(Shape shape, Buffer elements) {
            return TInt64.tensorOf(shape, DataBuffers.of((long[]) elements.array(), true, false));
        }
    };

    /** A heap buffer of this type's java.nio class. */
    abstract Buffer allocate(int elements);

    /** A new native tensor with the first {@code shape.size()} elements of a buffer that {@link #allocate} made. */
    abstract TNumber tensor(Shape shape, Buffer elements);
}
