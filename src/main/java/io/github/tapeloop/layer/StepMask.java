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
 * A mask step by step.
 *
 * @param whole bool [batch, steps], null for none
 * @param steps bool [batch, 1] each; empty for no mask
 */
record StepMask(Operand<TBool> whole, List<? extends Operand<TBool>> steps) {

    /** The mask of a layer's input [batch, steps, in]. */
    static StepMask of(Layer layer, ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        Operand<TBool> mask = ofSteps(layer, pass, x);
        if (mask == null) {
            return new StepMask(null, List.of());
        }
        return new StepMask(
                mask,
                tf.unstack(
                                tf.expandDims(mask, tf.constant(-1)),
                                Tensors.shape(x).get(1),
                                Unstack.axis(1L))
                        .output());
    }

    /** The mask of x or null. Fails if it is not one of steps. */
    static Operand<TBool> ofSteps(Layer layer, ForwardPass pass, Operand<?> x) {
        Operand<TBool> mask = pass.mask(x).orElse(null);
        if (mask != null && Tensors.rank(mask) != 2) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName() + ") expects a mask [batch, steps] of its input "
                    + Tensors.describe(x) + ", got " + Tensors.describe(mask)
                    + ": set another, or take it off with pass.setMask(x, null)");
        }
        return mask;
    }

    /** The series with zeros at masked steps: what stands there must not reach the gradient of a kernel, as 0 · ∞. */
    Operand<TFloat32> zeroed(Ops tf, Operand<TFloat32> x) {
        return Masks.zeroed(tf, x, whole);
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

    /** The output of all steps with its mask. */
    Operand<TFloat32> with(ForwardPass pass, Ops tf, Operand<TFloat32> y, boolean backwards) {
        if (whole != null) {
            pass.setMask(y, backwards ? tf.reverse(whole, tf.constant(new int[] {1})) : whole);
        }
        return y;
    }
}
