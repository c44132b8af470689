package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Unstack;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * The mask of a pass step by step.
 *
 * @param whole bool [batch, steps], null for none
 * @param steps bool [batch, 1] each; empty for no mask
 */
record StepMask(Operand<TBool> whole, List<? extends Operand<TBool>> steps) {

    /** The mask of a pass for a layer over so many steps. */
    static StepMask of(Layer layer, ForwardPass pass, Ops tf, int steps) {
        Operand<TBool> mask = pass.mask().orElse(null);
        if (mask == null) {
            return new StepMask(null, List.of());
        }
        requireSteps(layer, mask, steps);
        return new StepMask(
                mask,
                tf.unstack(tf.expandDims(mask, tf.constant(-1)), (long) steps, Unstack.axis(1L))
                        .output());
    }

    /** Fails unless a mask has so many steps. */
    static void requireSteps(Layer layer, Operand<TBool> mask, long steps) {
        if (Tensors.rank(mask) != 2
                || (Tensors.shape(mask).get(1) != -1 && Tensors.shape(mask).get(1) != steps)) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName() + ") has " + steps + " steps, but the mask of the pass is "
                    + Tensors.describe(mask) + ", expected [batch, " + steps
                    + "]. It was made for another input: set the right one, or take it off with pass.setMask(null)");
        }
    }

    /** The state after a step: where it is masked, the one before. */
    List<Operand<TFloat32>> choose(Ops tf, int step, List<Operand<TFloat32>> after, List<Operand<TFloat32>> before) {
        if (whole == null) {
            return after;
        }
        List<Operand<TFloat32>> chosen = new ArrayList<>(after.size());
        for (int i = 0; i < after.size(); i++) {
            chosen.add(tf.select(steps.get(step), after.get(i), before.get(i)));
        }
        return chosen;
    }

    /** Leaves in the pass the mask of the output. */
    void after(ForwardPass pass, Ops tf, boolean sequences, boolean backwards) {
        if (whole != null && !sequences) {
            pass.setMask(null);
        } else if (whole != null && backwards) {
            pass.setMask(tf.reverse(whole, tf.constant(new int[] {1})));
        }
    }
}
