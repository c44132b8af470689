package io.github.tapeloop;

import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

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
     * @param losses scalars by name, in the order of the names; {@code loss} is what to minimise, what layers have added
     *     included
     * @param examples how many the batch has
     */
    record Forward(List<Answer> answers, SortedMap<String, Operand<TFloat32>> losses, Operand<TFloat64> examples) {

        /** What to minimise. */
        Operand<TFloat32> loss() {
            return losses.get(Scores.LOSS);
        }

        /** All operands in one list, for {@link #withOperands}. */
        List<Operand<?>> operands() {
            List<Operand<?>> all = new ArrayList<>();
            answers.forEach(answer -> answer.addOperands(all));
            all.addAll(losses.values());
            all.add(examples);
            return all;
        }

        /** The same with other operands. */
        @SuppressWarnings("unchecked") // They stand for those of this one.
        Forward withOperands(List<? extends Operand<?>> others) {
            Iterator<? extends Operand<?>> next = others.iterator();
            List<Answer> same =
                    answers.stream().map(answer -> answer.withOperands(next)).toList();
            SortedMap<String, Operand<TFloat32>> sameLosses = new TreeMap<>(losses);
            sameLosses.replaceAll((name, loss) -> (Operand<TFloat32>) next.next());
            return new Forward(same, sameLosses, (Operand<TFloat64>) next.next());
        }
    }

    /** A part of the tail, made of ops only: it can run at once or be traced into a graph. */
    @FunctionalInterface
    interface Stage {
        void run(Ops tf, GradientTape tape, Forward forward);
    }
}
