package io.github.tapeloop.transaction;

import io.github.tapeloop.op.EffectListener;
import io.github.tapeloop.op.RecordingEnvironment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * A step under way whose writes wait for its end: what is assigned to variables, and updates that optimizers will
 * make, are held back until everything else of the step has succeeded, so that a step that fails has changed nothing. Works
 * the same way at once and in a graph, where the writes wait for the ops that may fail.
 *
 * <p>A value that was assigned is seen by who reads the variable in the meantime. Where that cannot be, since a tape is to
 * find the variable behind the value, or an op takes the handle, the writes of the variable happen at once; {@link
 * #wroteEarly} tells, and that step has to be undone by a snapshot.
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
    private final Consumer<Operand<?>> keep;
    private final Runnable early;

    private final RecordingEnvironment environment;
    private final EffectListener before;
    private final HeldWrites held;
    private Phase phase = Phase.OPEN;
    private boolean wroteEarly;
    /** Whether an update is the user's code, which may fail after a write. */
    private boolean risky;

    private Transaction(Ops tf, Consumer<Operand<?>> keep, Runnable early) {
        this.tf = tf;
        this.held = new HeldWrites(tf);
        this.keep = keep;
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

    /**
     * Begins to hold writes back.
     *
     * @param tf ops of a session
     * @param keep keeps an operand of what is held back alive until the end, whatever scope it was made in
     * @param early is run before the first write that cannot wait: the last moment for a snapshot
     * @return the transaction, to be closed by the caller; what was not committed by then never happens
     */
    public static Transaction begin(Ops tf, Consumer<Operand<?>> keep, Runnable early) {
        return new Transaction(tf, keep, early);
    }

    /**
     * Begins to hold the writes of a graph back.
     *
     * @param tf ops of a trace
     * @return the transaction, to be closed by the caller
     */
    public static Transaction traced(Ops tf) {
        return new Transaction(tf, operand -> {}, () -> {});
    }

    /**
     * The transaction of the step that is under way.
     *
     * @param environment where ops are made
     * @return the transaction, or null
     */
    public static Transaction of(RecordingEnvironment environment) {
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
        made.operands().forEach(step.keep);
        step.held.add(made);
        return true;
    }

    /**
     * Holds an assignment back, unless it is time to write.
     *
     * @param variable what to change
     * @param how set, add or subtract
     * @param value of the variable's shape and type
     * @return false if the caller has to write now
     */
    public boolean holds(Storage variable, Storage.How how, Operand<?> value) {
        if (phase != Phase.OPEN && phase != Phase.UPDATING) {
            return false;
        }
        keep.accept(value);
        held.add(new Assignment(variable, how, value));
        return true;
    }

    /**
     * The value of a variable with its held writes.
     *
     * @param variable who is read
     * @return the value, or null if what is in the variable is the value: nothing was held, or it has happened now
     */
    public Operand<?> value(Storage variable) {
        if (phase == Phase.WRITING || phase == Phase.CLOSED || held.isEmpty()) {
            return null;
        }
        boolean updated = phase == Phase.OPEN && held.update(variable.name());
        if (!held.assign(variable.name()) && !updated) {
            return null;
        }
        if (updated || variable.isWatched() && phase == Phase.OPEN) { // A tape wants to find the variable itself.
            writeNow(variable.name());
            return null;
        }
        return held.value(variable);
    }

    /**
     * Before an op takes the handle of a variable: what was held back for it happens, in the order of the program.
     *
     * @param variable its name, as its {@link Storage} has it
     */
    public void writeNow(String variable) {
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
            write.variables().stream().filter(sharedNames::contains).forEach(this::writeNow);
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
     * of it waits for whatever of the step may fail.
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
        environment.fenceFailures(awaited);
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
            environment.fenceFailures(assigned);
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
}
