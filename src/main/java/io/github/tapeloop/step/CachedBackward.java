package io.github.tapeloop.step;

import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Transaction;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientRegistry;
import io.github.tapeloop.tape.GradientTape;
import io.github.tapeloop.tape.TapeStructure;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.types.TBool;

/**
 * The cache of second halves of eager steps, each run as one native call. The first half is the user's Java code and differs
 * from step to step as it likes; what follows is Tapeloop's own, and the same for all tapes of one structure, so it is traced
 * when a structure comes for the second time. A few are kept; a new one takes the place of the one used longest ago, if
 * that is long enough ago. A program whose structures keep changing goes on op by op.
 */
public final class CachedBackward implements Backward, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CachedBackward.class);

    /** Enough for whole and short batches, of a few lengths or frozen in parts. */
    private static final int MAX_FUNCTIONS = 6;

    /** To trace a half costs as much as this many steps save at most: structures that take turns must not drive it out. */
    private static final int IDLE_STEPS = 100;

    private static final int MAX_SEEN = 16;

    /**
     * All that the ops of a second half depend on.
     *
     * @param names of what the first half left, whose types and shapes are in the structure
     * @param held the writes that the first half has held back
     * @param carried how many variables the update has to do with beside those that have a gradient
     * @param scaled whether the optimizer scales the loss
     * @param limit of the guard
     * @param undoable whether a snapshot undoes the step, which then writes before the guard has decided
     */
    private record Key(
            TapeStructure structure,
            List<Variable<?>> variables,
            List<String> names,
            List<Object> held,
            int carried,
            boolean scaled,
            long limit,
            boolean undoable) {}

    private final TapeSession session;
    private final Plan plan;
    private final List<Metric> metrics;
    private final GradientRegistry registry;

    /** A function, empty if the half of a structure cannot be traced, and the step that it was last asked for in. */
    private static final class Kept {
        private final Optional<TracedFunction> function;
        private long lastStep;

        Kept(Optional<TracedFunction> function) {
            this.function = function;
        }
    }

    /** The one used longest ago comes first. */
    private final Map<Key, Kept> functions = new LinkedHashMap<>(MAX_FUNCTIONS, 0.75f, true);

    private long step;

    private final Map<Key, Boolean> seen = new LinkedHashMap<>(MAX_SEEN, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Boolean> eldest) {
            return size() > MAX_SEEN;
        }
    };

    /**
     * @param session runs the functions
     * @param plan whose optimizer and metrics are in the second half
     */
    public CachedBackward(TapeSession session, Plan plan) {
        this.session = session;
        this.plan = plan;
        this.metrics = List.copyOf(plan.measured().values());
        this.registry = GradientRegistry.of(session);
    }

    @Override
    public void run(StepRun run, GradientTape tape, Forward forward, Body body) {
        Parameters variables = plan.model().trainableVariables();
        if (!isTraceable(variables)) {
            PLAIN.run(run, tape, forward, body);
            return;
        }
        List<Transaction.Write> held = run.writes().held();
        List<Operand<?>> operands = forward.values().operands();
        held.forEach(write -> operands.addAll(write.operands()));
        TapeStructure structure = tape.structure(operands);
        Key key = key(run, structure, variables, forward, held);
        Optional<TracedFunction> function = function(key, run, forward, body, held, variables);
        if (function.isEmpty()) {
            PLAIN.run(run, tape, forward, body);
            return;
        }
        run.writes().take(); // The function makes them.
        try (GradientTape.Pause pause = tape.stopRecording()) {
            run.writes()
                    .atOnce(
                            () -> { // All that it writes, it writes at its end.
                                List<Output<?>> results = function.get().call(structure.values());
                                run.join(run.seams().guard().limit() == 0 ? null : typed(results.get(0)));
                            });
        } catch (OpException e) {
            // Nothing has changed if it was on the way back: going it op by op says where.
            tape.gradients(plan.optimizer().scaleLoss(run.tf(), forward.loss()), variables);
            throw e;
        }
    }

    /** Whether the user's code in the second half, if there is any, may run in a trace only. */
    private boolean isTraceable(Parameters variables) {
        if (session.isDebug()
                || registry.hasOwnRules()
                || !plan.optimizer().isTraceable()
                || !metrics.stream().allMatch(Metric::isTraceable)) {
            return false;
        }
        for (Variable<?> variable : variables) {
            if (variable.isProjected()) {
                return false;
            }
        }
        return true;
    }

    private Key key(
            StepRun run, TapeStructure structure, Parameters variables, Forward forward, List<Transaction.Write> held) {
        List<Variable<?>> list = new ArrayList<>(variables.size());
        variables.forEach(list::add);
        return new Key(
                structure,
                list,
                forward.values().names(),
                held.stream().map(Transaction.Write::kind).toList(),
                plan.optimizer().carriedVariables(),
                plan.optimizer().scalesLoss(),
                run.seams().guard().limit(),
                run.wroteEarly());
    }

    private Optional<TracedFunction> function(
            Key key, StepRun run, Forward forward, Body body, List<Transaction.Write> held, Parameters variables) {
        step++;
        Kept kept = functions.get(key);
        if (kept == null) {
            boolean again = seen.put(key, true) != null;
            if (!again || !key.structure().isComplete() || !makeRoom()) {
                return Optional.empty();
            }
            kept = new Kept(trace(key, run, forward, body, held, variables));
            functions.put(key, kept);
        }
        kept.lastStep = step;
        return kept.function;
    }

    /** No function runs now: each is called after it was asked for, and ends before the next is. */
    private boolean makeRoom() {
        if (functions.size() < MAX_FUNCTIONS) {
            return true;
        }
        Iterator<Kept> oldest = functions.values().iterator();
        Kept last = oldest.next();
        if (step - last.lastStep <= IDLE_STEPS) {
            return false;
        }
        oldest.remove();
        last.function.ifPresent(TracedFunction::close);
        return true;
    }

    private Optional<TracedFunction> trace(
            Key key, StepRun outer, Forward like, Body body, List<Transaction.Write> held, Parameters variables) {
        int values = like.values().names().size();
        try {
            return Optional.of(TracedFunction.trace(
                    session, "train_step_tail", key.structure().specs(), (tf, given) -> {
                        List<Operand<?>> result = new ArrayList<>();
                        key.structure().replay(tf, given, variables, (tape, operands) -> {
                            try (StepRun inner = StepRun.traced(tf, outer.number(), outer.seams())) {
                                inner.writes().hold(held, operands.subList(values, operands.size()));
                                body.run(inner, tape, like.with(operands.subList(0, values)));
                                Operand<?> finite =
                                        inner.commit(key.undoable(), Map.of()).get(StepRun.FINITE);
                                result.add(finite == null ? tf.constant(0f) : finite);
                            }
                        });
                        return result;
                    }));
        } catch (TapeloopException | IllegalArgumentException e) {
            LOG.info("Steps run op by op, since what follows the loss cannot be traced: {}", e.getMessage());
            return Optional.empty();
        }
    }

    @SuppressWarnings("unchecked") // The flag that commit gave.
    private static Operand<TBool> typed(Operand<?> operand) {
        return (Operand<TBool>) operand;
    }

    /** Frees the functions. */
    @Override
    public void close() {
        functions.values().forEach(kept -> kept.function.ifPresent(TracedFunction::close));
        functions.clear();
        seen.clear();
    }
}
