package io.github.tapeloop.step;

import io.github.tapeloop.StepContext;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.settings.Seeds;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.tape.GradientTape;
import io.github.tapeloop.transaction.Transaction;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * A step under way, run at once or traced: what its body works with, the writes that wait for its end, and the {@link Seams}
 * between gradients and update.
 */
public final class StepRun implements StepContext, AutoCloseable {

    /** The name of a result: whether the guard lets the step pass, where there is one. */
    public static final String FINITE = "step/finite";

    /** Keeps the seeds a step asks for itself apart from those of its passes. */
    private static final long OWN_SEEDS = -1;

    private final Ops tf;
    private final Supplier<Operand<TInt64>> number;
    private final Seams seams;
    private final Transaction writes;
    private final Guard.Watch watch;
    private final List<ForwardPass> passes = new ArrayList<>();
    private Optional<Witness> witness = Optional.empty();
    /** Whether nothing is to come of the step. */
    private boolean isShow;

    private ForwardPass seeds;
    private Operand<TBool> finiteSoFar;

    private StepRun(Ops tf, Supplier<Operand<TInt64>> number, Seams seams, Transaction writes) {
        this.tf = tf;
        this.number = number;
        this.seams = seams;
        this.writes = writes;
        this.watch = seams.guard().watch();
    }

    /**
     * Begins a step that runs at once.
     *
     * @param scope owns what the step makes
     * @param early is run before the first write that cannot wait
     * @param number makes the number of this step in the life of the trainer, for the seeds of random ops
     */
    public static StepRun begin(
            Ops tf, TensorScope scope, Supplier<Operand<TInt64>> number, Seams seams, Runnable early) {
        return new StepRun(tf, number, seams, Transaction.begin(tf, scope::take, early));
    }

    /** Begins a step that is traced. */
    public static StepRun traced(Ops tf, Supplier<Operand<TInt64>> number, Seams seams) {
        return new StepRun(tf, number, seams, Transaction.traced(tf));
    }

    @Override
    public Ops tf() {
        return tf;
    }

    @Override
    public GradientTape tape() {
        return GradientTape.open(tf);
    }

    @Override
    public GradientTape persistentTape() {
        return GradientTape.persistent(tf);
    }

    @Override
    public ForwardPass training() {
        int before = passes.size();
        long passSeed = before == 0 ? seams.seed() : Seeds.mix(seams.seed(), before);
        ForwardPass pass = inPrecision(ForwardPass.training(tf, passSeed, number));
        passes.add(pass);
        return pass;
    }

    @Override
    public ForwardPass inference() {
        return inPrecision(ForwardPass.inference(tf));
    }

    private ForwardPass inPrecision(ForwardPass pass) {
        return seams.precision() == DtypePolicy.FULL ? pass : pass.in(seams.precision());
    }

    @Override
    public Operand<TInt64> randomSeed() {
        if (seeds == null) {
            seeds = ForwardPass.training(tf, Seeds.mix(seams.seed(), OWN_SEEDS), number);
        }
        return seeds.randomSeed();
    }

    @Override
    public void minimize(Optimizer optimizer, GradientTape tape, Operand<TFloat32> loss, Parameters variables) {
        seams.meet(optimizer);
        Operand<TFloat32> scaled = optimizer.scaleLoss(tf, loss);
        Gradients gradients = seams.reduction().reduce(tf, tape.gradients(scaled, variables));
        witness.ifPresent(seen -> seen.descends(gradients));
        if (isShow) {
            return;
        }
        watch.add(tf, optimizer, loss, gradients);
        optimizer.apply(tf, gradients); // Held back like all writes of a step.
    }

    /**
     * Has a witness see the step.
     *
     * @param batch what it is taken on
     * @param show whether the step is taken for the witness only: nothing is updated
     */
    public void seenBy(Witness sees, Batch batch, boolean show) {
        witness = Optional.of(sees);
        isShow = show;
        sees.begins(batch);
    }

    /** The first half has ended. */
    void compared(Forward forward) {
        witness.ifPresent(seen -> seen.compared(forward));
    }

    /** What layers have added to the loss in passes of this step; none if one of these was asked for what it has. */
    List<Operand<TFloat32>> droppedLosses() {
        List<Operand<TFloat32>> dropped = new ArrayList<>();
        for (ForwardPass pass : passes) {
            List<Operand<TFloat32>> own = pass.droppedLosses();
            if (own.isEmpty() && !pass.losses().isEmpty()) {
                return List.of();
            }
            dropped.addAll(own);
        }
        return dropped;
    }

    /** The trainer's own part of what surrounds the step. */
    Seams seams() {
        return seams;
    }

    /** The writes that wait. */
    Transaction writes() {
        return writes;
    }

    Supplier<Operand<TInt64>> number() {
        return number;
    }

    /** Takes over what a part of this step found out that ran as a function. */
    void join(Operand<TBool> finite) {
        finiteSoFar = finite;
    }

    /**
     * Ends the step: what it has held back happens, unless the guard refuses.
     *
     * @param results those of the body
     * @return these, and perhaps {@link #FINITE}
     */
    public Bundle commit(Bundle results) {
        return commit(wroteEarly(), results);
    }

    /** @param undoable whether a snapshot undoes the step, so that the guard's refusal need not be waited for */
    Bundle commit(boolean undoable, Bundle results) {
        if (finiteSoFar != null) {
            return results.and(FINITE, finiteSoFar);
        }
        Operand<TBool> finite = watch.finite(tf, results);
        if (finite == null) {
            writes.commit(results.operands());
            return results;
        }
        return results.and(FINITE, watch.commit(tf, finite, undoable, writes, results.operands()));
    }

    /** Whether something was written before the end, so that only a snapshot can undo the step. */
    public boolean wroteEarly() {
        return writes.wroteEarly();
    }

    @Override
    public void close() {
        writes.close();
    }
}
