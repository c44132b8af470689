package io.github.tapeloop.state;

import io.github.tapeloop.op.EffectListener;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.HeldWrites.Assignment;
import io.github.tapeloop.state.HeldWrites.How;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * A step under way whose writes wait for its end: what is assigned to a {@link Variable}, and updates that optimizers will
 * make, are held back until everything else of the step has succeeded, so that a step that fails has changed nothing. Works
 * the same way at once and in a graph, where the writes wait for the ops that may fail.
 *
 * <p>A value that was assigned is seen by who reads the variable in the meantime. Where that cannot be, since a tape is to
 * find the variable behind the value, or an op takes the handle, the writes of the variable happen at once; {@link
 * #wroteEarly} tells, and that step has to be undone by a {@link Snapshot}.
 */
public final class Transaction implements AutoCloseable {

    private enum Phase {
        /** Writes are held back. */
        OPEN,
        /** Updates are made; what they assign is held back still. */
        UPDATING,
        /** All that was held back happens. */
        WRITING,
        CLOSED
    }

    private final Ops tf;
    /** Null in a graph. */
    private final TensorScope scope;

    private final Runnable early;

    private final RecordingEnvironment environment;
    private final EffectListener before;
    private final HeldWrites held;
    private Phase phase = Phase.OPEN;
    private boolean wroteEarly;
    /** Whether an update is the user's code, which may fail after a write. */
    private boolean risky;

    private Transaction(Ops tf, TensorScope scope, Runnable early) {
        this.tf = tf;
        this.held = new HeldWrites(tf);
        this.scope = scope;
        this.early = early;
        this.environment = RecordingEnvironment.of(tf);
        this.before = environment.effects(new Listener(this));
    }

    /** Hears what ops of the step do, without a word of it in the step's own methods. */
    private record Listener(Transaction step) implements EffectListener {

        @Override
        public void writes() {
            step.heardWrite();
        }

        @Override
        public void uses(Collection<String> sharedNames) {
            step.heardUse(sharedNames);
        }
    }

    /** Something held back: made of operands, so that it can also happen in a branch of a graph. */
    public interface Write {

        /**
         * What it works with.
         *
         * @return operands made by the step
         */
        List<Operand<?>> operands();

        /**
         * Does it.
         *
         * @param ops ops of the step, or of a branch in its graph
         * @param given what stands for {@link #operands} there, as many as there are
         */
        void run(Ops ops, Iterator<? extends Operand<?>> given);

        /**
         * What it changes.
         *
         * @return variables whose values before it and after it differ
         */
        Set<Variable<?>> variables();

        /**
         * What tells it from other writes, as far as the ops that it makes from {@link #operands} depend on it.
         *
         * @return a value to compare
         */
        Object kind();

        /**
         * Whether nothing can fail once it has begun to write.
         *
         * @return false for code of the user's
         */
        boolean isSafe();
    }

    /**
     * Begins to hold writes back.
     *
     * @param tf ops of a session
     * @param scope the scope of the step: what is held back lives as long
     * @param early is run before the first write that cannot wait: the last moment for a snapshot
     * @return the transaction, to be closed by the caller before the scope; what was not committed by then never happens
     */
    public static Transaction begin(Ops tf, TensorScope scope, Runnable early) {
        return new Transaction(tf, scope, early);
    }

    /**
     * Begins to hold the writes of a graph back.
     *
     * @param tf ops of a trace
     * @return the transaction, to be closed by the caller
     */
    public static Transaction traced(Ops tf) {
        return new Transaction(tf, null, () -> {});
    }

    /**
     * The transaction of the step that is under way.
     *
     * @param environment where ops are made
     * @return the transaction, or null
     */
    static Transaction of(RecordingEnvironment environment) {
        return environment.effects() instanceof Listener listener ? listener.step() : null;
    }

    /**
     * Holds a write back if a step is under way: it happens at {@link #commit}, or before somebody reads a variable that it
     * changes.
     *
     * @param tf ops of the step, or of anything else
     * @param write makes what is to happen, if it is to wait
     * @return false if nothing holds writes back now
     */
    public static boolean hold(Ops tf, Supplier<Write> write) {
        Transaction step = of(RecordingEnvironment.of(tf));
        if (step == null || step.phase != Phase.OPEN) {
            return false;
        }
        Write made = write.get();
        made.operands().forEach(step::keep);
        step.held.add(made);
        return true;
    }

    /** Keeps an operand alive that was made in a scope of the user's inside the step. */
    private void keep(Operand<?> operand) {
        if (scope != null) {
            scope.take(operand);
        }
    }

    /** Holds an assignment back, unless it is time to write. */
    boolean holds(Variable<?> variable, How how, Operand<?> value) {
        if (phase != Phase.OPEN && phase != Phase.UPDATING) {
            return false;
        }
        keep(value);
        held.add(new Assignment(variable, how, value));
        return true;
    }

    /** The value of a variable with its held writes, or null if it has none, or they have happened now. */
    Operand<?> value(Variable<?> variable) {
        if (phase == Phase.WRITING || phase == Phase.CLOSED || held.isEmpty()) {
            return null;
        }
        boolean updated = phase == Phase.OPEN && held.update(variable);
        if (!held.assign(variable) && !updated) {
            return null;
        }
        if (updated || variable.trainable() && phase == Phase.OPEN) { // A tape wants to find the variable itself.
            writeNow(variable);
            return null;
        }
        return held.value(variable);
    }

    /** Before an op takes the handle of a variable: what was held back for it happens, in the order of the program. */
    void writeNow(Variable<?> variable) {
        List<Write> now = phase == Phase.WRITING || phase == Phase.CLOSED ? List.of() : held.takeFor(variable);
        if (now.isEmpty()) {
            return;
        }
        Phase outer = phase;
        if (outer == Phase.OPEN) {
            noteEarly();
        }
        phase = Phase.WRITING;
        try {
            now.forEach(write -> write.run(tf, write.operands().iterator()));
        } finally {
            phase = outer;
        }
    }

    private void heardUse(Collection<String> sharedNames) {
        if (held.isEmpty() || sharedNames.isEmpty() || phase != Phase.OPEN) {
            return;
        }
        for (Write write : held.all()) {
            for (Variable<?> variable : write.variables()) {
                if (sharedNames.contains(variable.sharedName())) {
                    writeNow(variable);
                }
            }
        }
    }

    private void heardWrite() {
        if (phase == Phase.OPEN || phase == Phase.UPDATING && risky) {
            noteEarly();
        }
    }

    private void noteEarly() {
        if (!wroteEarly) {
            wroteEarly = true;
            Phase outer = phase;
            phase = Phase.WRITING; // What reads variables now wants what is in them.
            try {
                early.run();
            } finally {
                phase = outer;
            }
        }
    }

    /**
     * Whether something was written before {@link #commit}, so that a failure after it would leave the step half done.
     *
     * @return true if a snapshot is needed to undo the step
     */
    public boolean wroteEarly() {
        return wroteEarly;
    }

    /**
     * What is held back now.
     *
     * @return the writes, in the order of the program
     */
    public List<Write> held() {
        return held.all();
    }

    /**
     * Holds assignments back that another transaction holds.
     *
     * @param assignments of another transaction
     * @param given what stands for their operands here, one for each
     */
    public void hold(List<Write> assignments, List<? extends Operand<?>> given) {
        Iterator<? extends Operand<?>> next = given.iterator();
        for (Write write : assignments) {
            Assignment assignment = (Assignment) write;
            holds(assignment.variable(), assignment.how(), next.next());
        }
    }

    /**
     * What is held back now, to be handed to another transaction or to a branch: this one forgets it.
     *
     * @return the writes, in the order of the program
     */
    public List<Write> take() {
        return held.take();
    }

    /**
     * Lets everything happen: first the updates, one after the other, then the assignments, theirs included. In a graph all
     * of it waits for what the step has computed.
     *
     * @param results what else must have been computed, the results of the step
     */
    public void commit(List<? extends Operand<?>> results) {
        List<Write> writes = take();
        if (writes.isEmpty()) {
            return;
        }
        List<Operand<?>> awaited = new ArrayList<>(results);
        writes.forEach(write -> awaited.addAll(write.operands()));
        environment.fence(awaited);
        phase = Phase.UPDATING;
        for (Write write : writes) {
            if (write instanceof Assignment assignment) {
                holds(assignment.variable(), assignment.how(), assignment.value());
            } else {
                risky |= !write.isSafe();
                write.run(tf, write.operands().iterator());
            }
        }
        if (risky) { // What the user's updates assign waits for all of them.
            List<Operand<?>> assigned = new ArrayList<>();
            held.all().forEach(write -> assigned.addAll(write.operands()));
            environment.fence(assigned);
        }
        phase = Phase.WRITING;
        take().forEach(write -> write.run(tf, write.operands().iterator()));
        phase = Phase.OPEN;
    }

    /**
     * Does something whose assignments happen at once, when what was held back has happened or was dropped.
     *
     * @param body assigns to variables
     */
    public void atOnce(Runnable body) {
        Phase outer = phase;
        phase = Phase.WRITING;
        try {
            body.run();
        } finally {
            phase = outer;
        }
    }

    /** Ends it; what is held back still never happens. Closing twice is allowed. */
    @Override
    public void close() {
        if (phase != Phase.CLOSED) {
            phase = Phase.CLOSED;
            environment.effects(before);
            held.take();
        }
    }

    /** Does something that no tape and no transaction hears of: makes a variable, which is not undone. */
    static void unheard(TapeSession session, Runnable body) {
        RecordingEnvironment environment = RecordingEnvironment.of(session.tf());
        EffectListener listener = environment.effects(null);
        try {
            session.unrecorded(body);
        } finally {
            environment.effects(listener);
        }
    }
}
