package io.github.tapeloop.transaction;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/** The storage of a variable: where a transaction reads its value and writes it, past what is held back. */
public interface Storage {

    /** How a value is assigned. */
    enum How {
        /** It takes the place of the value. */
        SET,
        /** It is added to the value. */
        ADD,
        /** It is subtracted from the value. */
        SUBTRACT
    }

    /**
     * The name under which the session keeps the value.
     *
     * @return a name that no other variable of the session has
     */
    String name();

    /**
     * Whether tapes watch the variable by themselves.
     *
     * @return true if a tape wants to find the variable itself behind its value
     */
    boolean isWatched();

    /**
     * Reads the value.
     *
     * @param tf makes ops
     * @return what is in the variable now
     */
    Operand<?> read(Ops tf);

    /**
     * Changes the value.
     *
     * @param tf makes ops
     * @param how set, add or subtract
     * @param value of the variable's shape and type
     */
    void write(Ops tf, How how, Operand<?> value);
}
