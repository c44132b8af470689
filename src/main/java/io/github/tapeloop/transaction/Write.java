package io.github.tapeloop.transaction;

import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/** A write that is held back: made of operands, so that it can also happen in a branch of a graph. */
public interface Write {

    /**
     * What it works with.
     *
     * @return operands made by the step
     */
    List<Operand<?>> operands();

    /**
     * Does it.
     *
     * @param ops ops of the step, or of a branch in its graph
     * @param given what stands for {@link #operands} there, as many as there are
     */
    void run(Ops ops, Iterator<? extends Operand<?>> given);

    /**
     * What it changes.
     *
     * @return the names of the variables whose values before it and after it differ, as their {@link Storage} has them
     */
    Set<String> variables();

    /**
     * What tells it from other writes, as far as the ops that it makes from {@link #operands} depend on it.
     *
     * @return a value to compare
     */
    Object kind();

    /**
     * Whether nothing can fail once it has begun to write.
     *
     * @return false for code of the user's
     */
    boolean isSafe();
}
