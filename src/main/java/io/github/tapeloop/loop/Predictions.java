package io.github.tapeloop.loop;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.types.family.TType;

/** The predictions of batches, collected one after the other on the Java heap. */
public final class Predictions {

    private final List<float[]> parts = new ArrayList<>();
    private Shape example;
    private long examples;

    /** Copies the predictions of a batch: float32 or float64 [batch, …]. */
    public void add(TapeSession session, Operand<? extends TType> output) {
        Shape shape = Tensors.shape(output);
        if (shape.numDimensions() == 0) {
            throw new IllegalArgumentException("A model must predict [batch, …], but gave a scalar");
        }
        Shape rest = shape.tail();
        if (example != null && !example.equals(rest)) {
            throw new IllegalArgumentException(
                    "Predictions of one call must have one shape, got [batch] + " + example + " and [batch] + " + rest);
        }
        example = rest;
        examples += shape.get(0);
        parts.add(session.floats(output));
    }

    public FloatNdArray toArray() {
        Shape shape = Shape.of(examples).append(example);
        FloatDataBuffer all = DataBuffers.ofFloats(shape.size());
        long next = 0;
        for (float[] part : parts) {
            all.offset(next).write(part);
            next += part.length;
        }
        return NdArrays.wrap(shape, all);
    }
}
