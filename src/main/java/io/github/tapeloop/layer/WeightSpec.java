package io.github.tapeloop.layer;

import java.util.Objects;
import java.util.Optional;

/**
 * The description of a weight: how it starts, whether it is trained, and what holds it. Immutable: the setters
 * return changed copies. Each layer has one setter for each of its weights, which is given a change of its spec:
 *
 * <pre>{@code
 * new Dense(64, RELU).kernel(w -> w.initializer(heNormal()).regularizer(l2(1e-4)).constraint(maxNorm()))
 * }</pre>
 *
 * <p>A layer of your own hands one to {@link Layer#weight(ForwardPass, String, org.tensorflow.ndarray.Shape, Class,
 * WeightSpec)}.
 */
public final class WeightSpec {

    private final Initializer initializer;
    private final boolean trainable;
    private final Regularizer regularizer;
    private final Constraint constraint;

    private WeightSpec(Initializer initializer, boolean trainable, Regularizer regularizer, Constraint constraint) {
        this.initializer = initializer;
        this.trainable = trainable;
        this.regularizer = regularizer;
        this.constraint = constraint;
    }

    /**
     * A trainable weight without regularizer and constraint.
     *
     * @param initializer makes its first value
     * @return a spec
     */
    public static WeightSpec of(Initializer initializer) {
        return new WeightSpec(Objects.requireNonNull(initializer, "initializer"), true, null, null);
    }

    /**
     * Sets what makes the first value.
     *
     * @param value makes a value of the weight's shape
     * @return a changed copy
     */
    public WeightSpec initializer(Initializer value) {
        return new WeightSpec(Objects.requireNonNull(value, "initializer"), trainable, regularizer, constraint);
    }

    /**
     * Sets whether training changes the weight.
     *
     * @param value false for counters and statistics, and for a weight that stays as it starts
     * @return a changed copy
     */
    public WeightSpec trainable(boolean value) {
        return new WeightSpec(initializer, value, regularizer, constraint);
    }

    /**
     * Sets the penalty, which is added to the loss once a pass, unless the weight or its layer is not trainable.
     *
     * @param value {@link Regularizer#l2} for example
     * @return a changed copy
     */
    public WeightSpec regularizer(Regularizer value) {
        return new WeightSpec(initializer, trainable, Objects.requireNonNull(value, "regularizer"), constraint);
    }

    /**
     * Sets where the weight is kept after each update.
     *
     * @param value {@link Constraint#maxNorm} for example
     * @return a changed copy
     */
    public WeightSpec constraint(Constraint value) {
        return new WeightSpec(initializer, trainable, regularizer, Objects.requireNonNull(value, "constraint"));
    }

    /**
     * What makes the first value.
     *
     * @return the initializer
     */
    public Initializer initializer() {
        return initializer;
    }

    /**
     * Whether training changes the weight.
     *
     * @return true unless set otherwise
     */
    public boolean trainable() {
        return trainable;
    }

    /**
     * The penalty.
     *
     * @return the regularizer, empty for none
     */
    public Optional<Regularizer> regularizer() {
        return Optional.ofNullable(regularizer);
    }

    /**
     * Where the weight is kept.
     *
     * @return the constraint, empty for anywhere
     */
    public Optional<Constraint> constraint() {
        return Optional.ofNullable(constraint);
    }

    /** The regularizer or null: asked for in every call of a layer, so without an object around it. */
    Regularizer penalty() {
        return regularizer;
    }

    /** Says how it starts and what holds it. */
    @Override
    public String toString() {
        return "WeightSpec[" + initializer + (trainable ? "" : ", not trainable")
                + (regularizer == null ? "" : ", " + regularizer) + (constraint == null ? "" : ", " + constraint) + "]";
    }
}
