package io.github.tapeloop.state;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Brings a variable's value back to where it may be, after an optimizer has moved it.
 *
 * @param <T> the variable's type
 */
@FunctionalInterface
public interface Projection<T extends TType> {

    /**
     * Projects a value.
     *
     * @param tf makes ops
     * @param value the variable's value after an update
     * @return the value to keep, of the same shape and type
     */
    Operand<T> project(Ops tf, Operand<T> value);
}
