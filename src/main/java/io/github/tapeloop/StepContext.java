package io.github.tapeloop;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.runtime.Precision;
import io.github.tapeloop.runtime.Seeds;
import io.github.tapeloop.tape.GradientTape;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/**
 * What a {@link CustomStep} works with: ops, tapes, passes through models, random seeds. It serves one step, run at once
 * or traced, and must not be kept.
 */
public final class StepContext {

    /** Keeps the seeds a step asks for itself apart from those of its passes. */
    private static final long OWN_SEEDS = -1;

    private final Ops tf;
    private final long seed;
    private final Supplier<Operand<TInt64>> number;
    private final Precision precision;
    private long passes;
    private ForwardPass seeds;

    StepContext(Ops tf, long seed, Supplier<Operand<TInt64>> number, Precision precision) {
        this.tf = tf;
        this.seed = seed;
        this.number = number;
        this.precision = precision;
    }

    /**
     * Makes ops.
     *
     * @return the ops of this step
     */
    public Ops tf() {
        return tf;
    }

    /**
     * Opens a tape.
     *
     * @return a tape that gives gradients once, to be closed by the caller before the step ends
     */
    public GradientTape tape() {
        return GradientTape.open(tf);
    }

    /**
     * Opens a tape that gives gradients as often as it is asked.
     *
     * @return a tape, to be closed by the caller before the step ends
     */
    public GradientTape persistentTape() {
        return GradientTape.persistent(tf);
    }

    /**
     * A pass that trains, in the trainer's precision. Each has random numbers of its own; the losses that layers add are
     * collected in it.
     *
     * @return a new pass
     */
    public ForwardPass training() {
        long passSeed = passes == 0 ? seed : Seeds.mix(seed, passes);
        passes++;
        return ForwardPass.training(tf, passSeed, number).in(precision);
    }

    /**
     * A pass that evaluates or predicts, in the trainer's precision.
     *
     * @return a new pass
     */
    public ForwardPass inference() {
        return ForwardPass.inference(tf).in(precision);
    }

    /**
     * A seed for one stateless random op of the step itself, such as the noise that a generator starts from:
     * {@code tf.random.statelessRandomNormal(shape, step.randomSeed(), TFloat32.class)}. A function of the trainer's seed,
     * the step, and how many seeds this step has given before.
     *
     * @return int64 [2]
     */
    public Operand<TInt64> randomSeed() {
        if (seeds == null) {
            seeds = ForwardPass.training(tf, Seeds.mix(seed, OWN_SEEDS), number);
        }
        return seeds.randomSeed();
    }
}
