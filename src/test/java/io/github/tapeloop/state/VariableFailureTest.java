package io.github.tapeloop.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.runtime.TapeSession;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

class VariableFailureTest {

    @Test
    void aVariableThatCannotBeMadeLeavesNothing() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TapeSession other = TapeSession.builder().threads(1, 1).build()) {
            Operand<TFloat32> foreign = other.tf().constant(9f);
            assertThrows(IllegalArgumentException.class, () -> Variable.create(session.tf(), "w", foreign, true));
            assertEquals(0, session.liveHandles());
        }
    }
}
