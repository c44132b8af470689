package io.github.tapeloop.layer;

import java.util.Objects;

/**
 * How a weight starts and what holds it: for {@link Layer#weight(ForwardPass, String, org.tensorflow.ndarray.Shape, Class,
 * WeightSpec)}. Immutable; the setters return changed copies.
 *
 * @param initializer makes its first value
 * @param trainable whether training changes it; false for counters and moving statistics
 * @param regularizer its penalty, null for none
 * @param constraint where it is kept, null for anywhere
 */
public record WeightSpec(Initializer initializer, boolean trainable, Regularizer regularizer, Constraint constraint) {

    /**
     * A spec with all of it said.
     *
     * @param initializer makes its first value
     * @param trainable whether training changes it
     * @param regularizer its penalty, null for none
     * @param constraint where it is kept, null for anywhere
     */
    public WeightSpec {
        Objects.requireNonNull(initializer, "initializer");
    }

    /**
     * A trainable weight without regularizer and constraint.
     *
     * @param initializer makes its first value
     * @return a spec
     */
    public static WeightSpec of(Initializer initializer) {
        return new WeightSpec(initializer, true, null, null);
    }

    /**
     * Sets what makes the first value.
     *
     * @param value an initializer
     * @return a changed copy
     */
    public WeightSpec initializer(Initializer value) {
        return new WeightSpec(value, trainable, regularizer, constraint);
    }

    /**
     * Sets whether training changes the weight.
     *
     * @param value false for counters and statistics
     * @return a changed copy
     */
    public WeightSpec trainable(boolean value) {
        return new WeightSpec(initializer, value, regularizer, constraint);
    }

    /**
     * Sets the penalty, which is added to the loss once a pass, unless the weight or its layer is not trainable.
     *
     * @param value a regularizer
     * @return a changed copy
     */
    public WeightSpec regularizer(Regularizer value) {
        return new WeightSpec(initializer, trainable, Objects.requireNonNull(value, "regularizer"), constraint);
    }

    /**
     * Sets where the weight is kept after each update.
     *
     * @param value a constraint
     * @return a changed copy
     */
    public WeightSpec constraint(Constraint value) {
        return new WeightSpec(initializer, trainable, regularizer, Objects.requireNonNull(value, "constraint"));
    }
}
