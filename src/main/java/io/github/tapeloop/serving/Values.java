package io.github.tapeloop.serving;

import java.util.Arrays;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.types.TFloat32;

/**
 * An output, on the Java heap.
 *
 * @param shape [examples, …]
 * @param floats its elements, row-major
 */
public record Values(Shape shape, float[] floats) {

    /** Those of some of the examples. */
    Values part(int first, int count) {
        int each = floats.length / Math.toIntExact(shape.get(0));
        return new Values(
                shape.tail().prepend(count), Arrays.copyOfRange(floats, first * each, (first + count) * each));
    }

    /** The elements of each example. */
    public float[][] rows() {
        int count = shape.numDimensions() == 0 ? 0 : Math.toIntExact(shape.get(0));
        int length = count == 0 ? 0 : floats.length / count;
        float[][] rows = new float[count][];
        for (int i = 0; i < count; i++) {
            rows[i] = count == 1 ? floats : Arrays.copyOfRange(floats, i * length, (i + 1) * length);
        }
        return rows;
    }

    /** The same in native memory, to be closed by the caller. */
    TFloat32 toTensor() {
        return TFloat32.tensorOf(shape, DataBuffers.of(floats, true, false));
    }

    /** The same as an array of the shape. */
    public FloatNdArray toArray() {
        return NdArrays.wrap(shape, DataBuffers.of(floats, false, false));
    }
}
