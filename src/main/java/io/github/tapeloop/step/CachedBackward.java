package io.github.tapeloop.step;

import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.op.Recording;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientRegistry;
import io.github.tapeloop.tape.GradientTape;
import io.github.tapeloop.transaction.Write;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
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
     * What the ops of a second half depend on beside what the tape has noted.
     *
     * @param variables those that are trained, mostly the same object as in the step before
     * @param left what the first half left, whose types and shapes are in the structure
     * @param held the writes that the first half has held back
     * @param carried how many variables the update has to do with beside those that have a gradient
     * @param scaled whether the optimizer scales the loss
     * @param limit of the guard
     * @param undoable whether a snapshot undoes the step, which then writes before the guard has decided
     */
    private record Setting(
            Parameters variables,
            List<String> left,
            List<Object> held,
            int carried,
            boolean scaled,
            long limit,
            boolean undoable) {

        /** In words: what a record makes of seven parts by itself takes as long as a small op. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Setting setting
                    && variables.equals(setting.variables)
                    && carried == setting.carried
                    && scaled == setting.scaled
                    && limit == setting.limit
                    && undoable == setting.undoable
                    && left.equals(setting.left)
                    && held.equals(setting.held);
        }

        @Override
        public int hashCode() {
            return 31 * left.hashCode() + held.hashCode();
        }
    }

    /** All that the ops of a second half depend on. */
    private record Key(Recording.Structure<GradientTape> structure, Setting setting) {}

    private final TapeSession session;
    private final Plan plan;
    private final List<Metric> metrics;
    private final RecordingEnvironment environment;
    private final GradientRegistry registry;

    /** A function, empty if the half of a structure cannot be traced, and the step that it was last asked for in. */
    private static final class Kept {
        private final Key key;
        private final Optional<TracedFunction> function;
        private long lastStep;

        Kept(Key key, Optional<TracedFunction> function) {
            this.key = key;
            this.function = function;
        }
    }

    /** A kept function, and what it is to be called with. */
    private record Found(Kept kept, List<Output<?>> values) {}

    /** The one used last comes first. */
    private final List<Kept> functions = new ArrayList<>(MAX_FUNCTIONS);

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
        this.environment = RecordingEnvironment.of(session.tf());
        this.registry = GradientRegistry.of(session);
    }

    @Override
    public void run(StepRun run, GradientTape tape, Forward forward, Body body) {
        Parameters variables = plan.model().trainableVariables();
        Found found = isTraceable(variables) ? find(run, tape, forward, body, variables) : null;
        if (found == null || found.kept().function.isEmpty()) {
            PLAIN.run(run, tape, forward, body);
            return;
        }
        TracedFunction function = found.kept().function.get();
        run.writes().take(); // The function makes them.
        try (GradientTape.Pause pause = tape.stopRecording()) {
            run.writes()
                    .atOnce(
                            () -> { // All that it writes, it writes at its end.
                                List<Output<?>> results = function.call(found.values());
                                run.join(run.seams().guard().limit() == 0 ? null : typed(results.get(0)));
                            });
        } catch (OpException e) {
            // Nothing has changed if it was on the way back: going it op by op says where.
            tape.gradients(plan.optimizer().scaleLoss(run.tf(), forward.loss()), variables);
            throw e;
        }
    }

    /** Whether nothing that can change from step to step forbids to trace a second half, or to call one. */
    private boolean isTraceable(Parameters variables) {
        if (session.isDebug() || registry.hasOwnRules()) {
            return false;
        }
        for (Variable<?> variable : variables) {
            if (variable.isProjected()) {
                return false;
            }
        }
        return true;
    }

    /** Whether the user's code in the second half, if there is any, may run in a trace only: settled by the first step. */
    private boolean partsAreTraceable() {
        return plan.optimizer().isTraceable() && metrics.stream().allMatch(Metric::isTraceable);
    }

    /** The function for a step; one is made if the same structure comes for the second time. */
    private Found find(StepRun run, GradientTape tape, Forward forward, Body body, Parameters variables) {
        step++;
        List<Write> held = run.writes().held();
        List<Operand<?>> operands = forward.operands();
        List<Object> kinds = new ArrayList<>(held.size());
        for (Write write : held) {
            operands.addAll(write.operands());
            kinds.add(write.kind());
        }
        Setting setting = new Setting(
                variables,
                forward.meanings(),
                kinds,
                plan.optimizer().carriedVariables(),
                plan.optimizer().scalesLoss(),
                run.seams().guard().limit(),
                run.wroteEarly());
        Recording<GradientTape> recording = environment.recording(tape).orElse(null);
        if (recording == null) {
            return null;
        }
        Found found = known(setting, recording, operands);
        if (found == null && partsAreTraceable()) {
            Key key = new Key(recording.structure(operands), setting);
            boolean again = seen.put(key, true) != null;
            if (again && key.structure().isComplete() && makeRoom()) {
                Kept made = new Kept(key, trace(key, run, forward, body, held));
                functions.add(0, made);
                found = new Found(made, key.structure().values());
            }
        }
        if (found != null) {
            found.kept().lastStep = step;
        }
        return found;
    }

    private Found known(Setting setting, Recording<GradientTape> recording, List<Operand<?>> operands) {
        for (int i = 0; i < functions.size(); i++) {
            Kept kept = functions.get(i);
            if (kept.key.setting().equals(setting)) {
                Optional<List<Output<?>>> values = recording.values(kept.key.structure(), operands);
                if (values.isPresent()) {
                    functions.add(0, functions.remove(i));
                    return new Found(kept, values.get());
                }
            }
        }
        return null;
    }

    /** No function runs now: each is called after it was asked for, and ends before the next is. */
    private boolean makeRoom() {
        if (functions.size() < MAX_FUNCTIONS) {
            return true;
        }
        Kept oldest = functions.get(functions.size() - 1);
        if (step - oldest.lastStep <= IDLE_STEPS) {
            return false;
        }
        functions.remove(oldest);
        oldest.function.ifPresent(TracedFunction::close);
        return true;
    }

    private Optional<TracedFunction> trace(Key key, StepRun outer, Forward like, Body body, List<Write> held) {
        int values = like.operands().size();
        List<Spec> specs = key.structure().values().stream().<Spec>map(Spec::of).toList();
        try {
            return Optional.of(TracedFunction.trace(session, "train_step_tail", specs, (tf, given) -> {
                List<Operand<?>> result = new ArrayList<>();
                key.structure().replay(tf, given, handles(tf, key.setting().variables()), (tape, operands) -> {
                    try (StepRun inner = StepRun.traced(tf, outer.number(), outer.seams())) {
                        inner.writes().hold(held, operands.subList(values, operands.size()));
                        body.run(inner, tape, like.with(operands.subList(0, values)));
                        Bundle left = inner.commit(key.setting().undoable(), Bundle.EMPTY);
                        result.add(left.has(StepRun.FINITE) ? left.get(StepRun.FINITE) : tf.constant(0f));
                    }
                });
                return result;
            }));
        } catch (TapeloopException | IllegalArgumentException e) {
            LOG.info("Steps run op by op, since what follows the loss cannot be traced: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Handles in a graph by those outside it. */
    private Map<Operation, Operand<?>> handles(Ops tf, Parameters variables) {
        Map<Operation, Operand<?>> handles = new IdentityHashMap<>();
        for (Variable<?> variable : variables) {
            handles.put(variable.handle(session.tf()).op(), variable.handle(tf));
        }
        return handles;
    }

    @SuppressWarnings("unchecked") // The flag that commit gave.
    private static Operand<TBool> typed(Operand<?> operand) {
        return (Operand<TBool>) operand;
    }

    /** Frees the functions. */
    @Override
    public void close() {
        List<Kept> all = List.copyOf(functions);
        functions.clear();
        seen.clear();
        ClosingActions.each(all, kept -> kept.function.ifPresent(TracedFunction::close));
    }
}
