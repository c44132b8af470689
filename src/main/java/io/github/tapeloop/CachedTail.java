package io.github.tapeloop;

import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Parameters;
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
import org.tensorflow.op.Ops;

/**
 * Runs the tail of an eager step as one native call. The forward pass is the user's Java code and differs from step to
 * step as it likes; what follows is Tapeloop's own, and the same for all tapes of one structure, so it is traced when a
 * structure comes for the second time. A few are kept; a new one takes the place of the one used longest ago, if that
 * is long enough ago. A program whose structures keep changing goes on op by op.
 */
final class CachedTail implements Tail {

    private static final Logger LOG = LoggerFactory.getLogger(CachedTail.class);

    /** Enough for whole and short batches, of a few lengths or frozen in parts. */
    private static final int MAX_FUNCTIONS = 6;

    /** To trace a tail costs as much as this many steps save at most: structures that take turns must not drive it out. */
    private static final int IDLE_STEPS = 100;

    private static final int MAX_SEEN = 16;

    /** @param scaled whether the optimizer scales the loss */
    private record Key(TapeStructure structure, List<Variable<?>> variables, boolean scaled) {}

    private final TapeSession session;
    private final Plan plan;
    /** Whether nothing of the user's in the plan runs in a tail. */
    private final boolean known;

    private final GradientRegistry registry;
    /** A function, empty if the tail of a structure cannot be traced, and the step that it was last asked for in. */
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

    CachedTail(TapeSession session, Plan plan) {
        this.session = session;
        this.plan = plan;
        this.registry = GradientRegistry.of(session);
        this.known = !session.isDebug()
                && plan.optimizer().isBuiltIn()
                && plan.measured().values().stream().allMatch(Metric::isBuiltIn);
    }

    @Override
    public void run(Ops tf, GradientTape tape, Forward forward, Stage... stages) {
        Parameters variables = plan.model().trainableVariables();
        if (!isKnown(variables)) {
            PLAIN.run(tf, tape, forward, stages);
            return;
        }
        TapeStructure structure = tape.structure(forward.operands());
        Optional<TracedFunction> function = function(structure, forward, variables, stages);
        if (function.isEmpty()) {
            PLAIN.run(tf, tape, forward, stages);
            return;
        }
        try (GradientTape.Pause pause = tape.stopRecording()) {
            function.get().call(structure.values());
        } catch (OpException e) {
            // Nothing has changed if it was on the way back: going it op by op says where.
            tape.gradients(plan.optimizer().scaleLoss(tf, forward.loss()), variables);
            throw e;
        }
    }

    /** Whether the tail is made by Tapeloop's code only: the user's runs in every step of its own. */
    private boolean isKnown(Parameters variables) {
        if (!known || registry.hasOwnRules()) {
            return false;
        }
        for (Variable<?> variable : variables) {
            if (variable.isProjected()) {
                return false;
            }
        }
        return true;
    }

    private Optional<TracedFunction> function(
            TapeStructure structure, Forward forward, Parameters variables, Stage... stages) {
        List<Variable<?>> list = new ArrayList<>(variables.size());
        variables.forEach(list::add);
        Key key = new Key(structure, list, plan.optimizer().scalesLoss());
        step++;
        Kept kept = functions.get(key);
        if (kept == null) {
            boolean again = seen.put(key, true) != null;
            if (!again || !structure.isComplete() || !makeRoom()) {
                return Optional.empty();
            }
            kept = new Kept(trace(structure, forward, variables, stages));
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
            TapeStructure structure, Forward like, Parameters variables, Stage... stages) {
        try {
            return Optional.of(TracedFunction.trace(session, "train_step_tail", structure.specs(), (tf, given) -> {
                structure.replay(tf, given, variables, (tape, operands) -> {
                    Forward forward = like.withOperands(operands);
                    for (Stage stage : stages) {
                        stage.run(tf, tape, forward);
                        RecordingEnvironment.of(tf).fence(List.of());
                    }
                });
                return List.of(tf.constant(0f));
            }));
        } catch (TapeloopException | IllegalArgumentException e) {
            LOG.info("Steps run op by op, since what follows the loss cannot be traced: {}", e.getMessage());
            return Optional.empty();
        }
    }
}
