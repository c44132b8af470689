package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

class TensorPoolTest {

    private static final Column COLUMN = Column.input(Dtype.FLOAT32, Shape.of(2));

    @Test
    void aTensorGivenBackIsUsedAgainForTheSameShape() {
        try (TensorPool pool = new TensorPool(List.of(COLUMN))) {
            TNumber tensor = pool.take(COLUMN.dtype(), COLUMN.shape().prepend(3));
            pool.give(tensor);
            TNumber other = pool.take(COLUMN.dtype(), COLUMN.shape().prepend(4));
            assertNotSame(tensor, other);
            assertSame(tensor, pool.take(COLUMN.dtype(), COLUMN.shape().prepend(3)));
            pool.give(tensor);
            pool.give(other);
        }
    }

    @Test
    void aTensorThatAnOperandSharesIsNotUsedAgain() {
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope();
                TensorPool pool = new TensorPool(List.of(COLUMN))) {
            TFloat32 tensor =
                    (TFloat32) pool.take(COLUMN.dtype(), COLUMN.shape().prepend(1));
            tensor.setFloat(7, 0, 0);
            Operand<TFloat32> operand = Tensors.shared(session.tf(), tensor);
            pool.give(tensor);
            TFloat32 next = (TFloat32) pool.take(COLUMN.dtype(), COLUMN.shape().prepend(1));
            assertNotSame(tensor, next);
            next.setFloat(8, 0, 0);
            float seen = session.<TFloat32, Float>read(operand, value -> value.getFloat(0, 0));
            assertEquals(7f, seen);
            pool.give(next);
        }
    }

    @Test
    void aTensorGivenBackAfterTheEndIsClosed() {
        TensorPool pool = new TensorPool(List.of(COLUMN));
        TNumber tensor = pool.take(COLUMN.dtype(), COLUMN.shape().prepend(1));
        pool.close();
        pool.give(tensor);
        assertThrows(IllegalStateException.class, () -> tensor.asRawTensor().numBytes());
    }
}
