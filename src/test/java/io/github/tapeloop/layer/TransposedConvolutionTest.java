package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** What layers after a transposed convolution are told of its output while a step is traced. */
class TransposedConvolutionTest {

    @Test
    void onlyTheBatchIsOpenInTheOutputOfATransposedConvolutionThatIsTracedWithAnOpenBatch() {
        try (TapeSession session = TapeSession.open()) {
            Conv2DTranspose layer = new Conv2DTranspose(3, 4).strides(2, 2).padding(Padding.SAME);
            TracedFunction.trace(
                    session, "open", List.of(new Spec(DataType.DT_FLOAT, Shape.of(-1, 4, 5, 2))), (tf, inputs) -> {
                        @SuppressWarnings("unchecked") // The type of the spec.
                        Operand<TFloat32> x = (Operand<TFloat32>) inputs.get(0);
                        Operand<TFloat32> y = layer.call(ForwardPass.inference(tf), x);
                        assertArrayEquals(
                                new long[] {-1, 8, 10, 3}, Tensors.shape(y).asArray());
                        return List.of(y);
                    });
        }
    }
}
