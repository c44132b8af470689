package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The losses that layers add in a pass, of which the penalty of a weight is added once, and whether anybody asked for them. */
final class AddedLosses {

    private final Ops tf;
    private final List<Operand<TFloat32>> losses = new ArrayList<>();
    private final Set<Variable<?>> penalized = new HashSet<>();
    private boolean asked;

    AddedLosses(Ops tf) {
        this.tf = tf;
    }

    void add(Operand<TFloat32> value) {
        if (Tensors.rank(value) > 0) {
            throw new IllegalArgumentException("An added loss must be a scalar, got " + Tensors.describe(value)
                    + ": reduce it with tf.sum or tf.math.mean");
        }
        losses.add(DtypePolicy.full(tf, value));
    }

    /** Takes over what another pass has added. */
    void addAll(List<Operand<TFloat32>> others) {
        losses.addAll(others);
    }

    /** Whether the penalty of a weight has not been added; from then on it has. */
    boolean firstPenaltyOf(Variable<?> weight) {
        return penalized.add(weight);
    }

    /** The weights whose penalties have been added. */
    Set<Variable<?>> penalized() {
        return Set.copyOf(penalized);
    }

    void markPenalized(Set<Variable<?>> weights) {
        penalized.addAll(weights);
    }

    /** What was added, in order, whoever asks. */
    List<Operand<TFloat32>> all() {
        return List.copyOf(losses);
    }

    /** What was added, to be trained for. */
    List<Operand<TFloat32>> asked() {
        asked = true;
        return all();
    }

    /** What was added and nobody has asked for. */
    List<Operand<TFloat32>> dropped() {
        return asked ? List.of() : all();
    }

    /** A loss plus all that was added. */
    Operand<TFloat32> total(Operand<TFloat32> loss) {
        asked = true;
        Operand<TFloat32> total = loss;
        for (Operand<TFloat32> added : losses) {
            total = tf.math.add(total, added);
        }
        return total;
    }
}
