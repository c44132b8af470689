package io.github.tapeloop;

import io.github.tapeloop.tape.GradientTape;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Runs what follows the forward pass of a training step. */
@FunctionalInterface
interface Tail {

    /** Runs op by op, or into the graph that is being traced. */
    Tail PLAIN = (tf, tape, forward, stages) -> {
        for (Stage stage : stages) {
            stage.run(tf, tape, forward);
        }
    };

    /**
     * Runs stages one after the other: if one fails, the later ones have not begun.
     *
     * @param tape has recorded the forward pass
     */
    void run(Ops tf, GradientTape tape, Forward forward, Stage... stages);

    /**
     * What a forward pass leaves.
     *
     * @param prediction of the model
     * @param loss a scalar, what layers have added included
     */
    record Forward(Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> loss) {}

    /** A part of the tail, made of ops only: it can run at once or be traced into a graph. */
    @FunctionalInterface
    interface Stage {
        void run(Ops tf, GradientTape tape, Forward forward);
    }
}
