package io.github.tapeloop.execution;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.step.StepRun;
import io.github.tapeloop.step.Witness;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt64;

/**
 * A way to run a step on batches, all or nothing: a step that fails leaves everything as it was. Steps hold their writes
 * back; one that is about to write before its end is undone by a snapshot. How a step is run, only the builder of
 * the trainer knows; the loop does not.
 */
public abstract class Execution {

    private static final Logger LOG = LoggerFactory.getLogger(Execution.class);

    final TapeSession session;
    final Step step;

    Execution(Step step) {
        this.session = step.seams().session();
        this.step = step;
    }

    /**
     * Runs the step and frees all it made.
     *
     * @param result takes the (last) step's result, which is valid during the call only
     * @return how many steps were taken: more than one if the batch was several in one
     */
    public final int run(Batch batch, Consumer<Bundle> result) {
        prepare(batch);
        try (Undo undo = new Undo()) {
            if (step.tracedEarly()) {
                undo.prepare();
            }
            try {
                boolean[] refused = {false};
                int steps = take(batch, undo, results -> {
                    boolean guarded = results.has(StepRun.FINITE);
                    refused[0] = guarded && undo.isPrepared() && !isTrue(results.get(StepRun.FINITE));
                    result.accept(guarded ? results.filter(name -> !name.equals(StepRun.FINITE)) : results);
                });
                if (refused[0]) { // It was taken, though it has changed nothing.
                    undo.run();
                    step.counter().add(steps);
                    step.letScalesFall();
                }
                return steps;
            } catch (OpException e) {
                undo.run();
                throw explained(batch, e);
            } catch (RuntimeException | Error e) {
                undo.run();
                throw e;
            }
        }
    }

    /** A failure of the step on a batch, with all that can be said of it. */
    RuntimeException explained(Batch batch, OpException failure) {
        return FailedStep.withCure(failure);
    }

    /** Takes a step that failed in a graph op by op, which tells the op and its layer; nothing comes of it. */
    final RuntimeException opByOp(Batch batch, OpException failure) {
        if (session.isClosing()) {
            return failure;
        }
        try {
            forget(run -> step.body().run(run, batch));
            return FailedStep.withCure(failure); // Op by op it does not fail.
        } catch (RuntimeException e) {
            RuntimeException told = e instanceof OpException op ? FailedStep.withCure(op) : e;
            if (told != failure) {
                told.addSuppressed(failure);
            }
            return told;
        }
    }

    /** Runs a step op by op of which nothing stays. */
    private void forget(Consumer<StepRun> work) {
        try (Undo undo = new Undo()) {
            try (TensorScope scope = session.scope();
                    StepRun run = begin(scope, undo)) {
                work.accept(run);
            } finally {
                undo.run();
            }
        }
    }

    final StepRun begin(TensorScope scope, Undo undo) {
        Ops tf = session.tf();
        return StepRun.begin(tf, scope, () -> tf.constant(step.counter().taken()), step.seams(), undo::prepare);
    }

    private boolean isTrue(Operand<TBool> flag) {
        return session.read(flag, TBool::getBoolean);
    }

    /** A way back for steps that write before their end, made when the first of them is about to. */
    final class Undo implements AutoCloseable {

        private Snapshot before;

        void prepare() {
            if (before == null) {
                before = step.state().snapshot();
            }
        }

        boolean isPrepared() {
            return before != null;
        }

        void run() {
            if (before != null) {
                before.restore();
            }
        }

        @Override
        public void close() {
            if (before != null) {
                before.close();
            }
        }
    }

    /** Finds out what can be known of the step on a batch before it runs. */
    void prepare(Batch batch) {}

    /** Takes the step, or several. */
    abstract int take(Batch batch, Undo undo, Consumer<Bundle> result);

    /** Shows the step on a batch to who is to see it, op by op, since a trace has no values; nothing comes of it. */
    final void show(Batch batch) {
        Optional<Witness> witness = step.look().take();
        if (witness.isEmpty()) {
            return;
        }
        if (!step.body().isShowable()) {
            witness.get().close();
            return;
        }
        try (Witness sees = witness.get()) {
            forget(run -> {
                run.seenBy(sees, batch, true);
                step.body().run(run, batch);
            });
        } catch (RuntimeException e) {
            LOG.debug("The step that was shown failed, as the one to come will, which says why", e);
        }
    }

    /** Makes the ops of one step in a trace, and commits what it has held back. */
    final Bundle trace(Ops tf, Batch batch, Supplier<Operand<TInt64>> number) {
        try (StepRun run = StepRun.traced(tf, number, step.seams())) {
            Bundle results = ops(run, batch);
            step.traced(run.wroteEarly());
            return results;
        } catch (IllegalStateException e) {
            throw FailedStep.whileTracing(step.name(), e);
        }
    }

    /** Makes the ops of one step, and commits what it has held back. */
    final Bundle ops(StepRun run, Batch batch) {
        return run.commit(step.results(run.tf(), step.body().run(run, batch)));
    }

    /** Frees what was traced. */
    void close() {}
}
