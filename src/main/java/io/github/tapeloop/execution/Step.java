package io.github.tapeloop.execution;

import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.step.Seams;
import io.github.tapeloop.step.StepBody;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/** A step of a trainer: what it does, what it belongs to, and what was found out about it. */
final class Step {

    /** The name of what a training or test step gives back. */
    static final String RESULT = "step/result";

    private static final List<String> ONE_RESULT = List.of(RESULT);

    private final String name;
    private final StepBody body;
    private final boolean givesAll;
    private final Seams seams;
    private final TrainingState state;
    private final Progress.Counter counter;
    private final Supplier<List<Optimizer>> optimizers;
    private final Look look;
    private boolean isTraced;
    private boolean tracedEarly;

    /**
     * @param name what it is called in graphs and messages
     * @param givesAll whether it gives back all that its body names: predictions; otherwise its loss alone
     * @param counter counts it
     * @param optimizers those that it may update by
     * @param look may have a witness for it
     */
    Step(
            String name,
            StepBody body,
            boolean givesAll,
            Seams seams,
            TrainingState state,
            Progress.Counter counter,
            Supplier<List<Optimizer>> optimizers,
            Look look) {
        this.name = name;
        this.body = body;
        this.givesAll = givesAll;
        this.seams = seams;
        this.state = state;
        this.counter = counter;
        this.optimizers = optimizers;
        this.look = look;
    }

    String name() {
        return name;
    }

    StepBody body() {
        return body;
    }

    Seams seams() {
        return seams;
    }

    /** Who is to see the next step. */
    Look look() {
        return look;
    }

    /** What a failure may have to undo. */
    TrainingState state() {
        return state;
    }

    Progress.Counter counter() {
        return counter;
    }

    /** What the step gives back of what its body named: everything, or the loss, or the first by name if there is none. */
    Bundle results(Ops tf, Map<String, ? extends Operand<?>> named) {
        if (givesAll) {
            return Bundle.of(new TreeMap<>(named)); // Map.of has an order of its own in each process.
        }
        String result = named.containsKey(Scores.LOSS) ? Scores.LOSS : Collections.min(named.keySet());
        return Bundle.of(ONE_RESULT, List.of(DtypePolicy.full(tf, named.get(result))));
    }

    /** Remembers that the step was traced, and whether the trace writes before its end. */
    void traced(boolean early) {
        isTraced = true;
        tracedEarly |= early;
    }

    /** Whether there was a trace of it. */
    boolean isTraced() {
        return isTraced;
    }

    /** Whether a trace of it writes before its end, so that only a snapshot can undo a call of it. */
    boolean tracedEarly() {
        return tracedEarly;
    }

    /** How many variables its updates have to do with beside those that have a gradient: a trace holds for one number. */
    int carriedVariables() {
        int carried = 0;
        for (Optimizer optimizer : optimizers.get()) { // Asked for in every step, so no streams.
            carried += optimizer.carriedVariables();
        }
        return carried;
    }

    /** The gradients of a step that was undone were not finite. */
    void letScalesFall() {
        Ops tf = seams.session().tf();
        seams.session().unrecorded(() -> optimizers
                .get()
                .forEach(optimizer -> optimizer.lossScale().ifPresent(scale -> scale.fall(tf))));
    }
}
