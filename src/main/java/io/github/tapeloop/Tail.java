package io.github.tapeloop;

import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

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
     * @param answers what the model gave, beside what it should have given
     * @param loss a scalar, what layers have added included
     */
    record Forward(List<Answer> answers, Operand<TFloat32> loss) {

        /** All operands in one list, for {@link #withOperands}. */
        List<Operand<?>> operands() {
            List<Operand<?>> all = new ArrayList<>();
            answers.forEach(answer -> answer.addOperands(all));
            all.add(loss);
            return all;
        }

        /** The same with other operands. */
        @SuppressWarnings("unchecked") // They stand for those of this one.
        Forward withOperands(List<? extends Operand<?>> others) {
            Iterator<? extends Operand<?>> next = others.iterator();
            List<Answer> same =
                    answers.stream().map(answer -> answer.withOperands(next)).toList();
            return new Forward(same, (Operand<TFloat32>) next.next());
        }
    }

    /** A part of the tail, made of ops only: it can run at once or be traced into a graph. */
    @FunctionalInterface
    interface Stage {
        void run(Ops tf, GradientTape tape, Forward forward);
    }
}
