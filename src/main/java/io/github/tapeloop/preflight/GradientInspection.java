package io.github.tapeloop.preflight;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.tensorflow.Operand;

/**
 * An observer of the tapes of a session: for each target whose gradients are asked for, which ops on the way
 * to the variables have no rule, and which ops cut the way. A tape itself stops at the first op without a rule, and says
 * nothing of a variable that it does not reach.
 *
 * <p>Hears ops that run at once, from {@code open} until it is closed; one at a time in a session.
 */
final class GradientInspection implements AutoCloseable {

    private final TapeSession session;
    private final Consumer<? super Inquiry> listener;
    private final List<GradientPaths.Heard> ops = new ArrayList<>();
    private final OpRecorder recorder = this::hear;
    private final GradientRegistry.Inspection seen = this::inspect;

    private GradientInspection(TapeSession session, Consumer<? super Inquiry> listener) {
        this.session = session;
        this.listener = listener;
    }

    /**
     * A target whose gradients with respect to variables were asked for.
     *
     * @param target the target, the loss most often
     * @param missing the ops between target and variables that have no gradient rule, in the order they ran
     * @param cuts the variables that no gradient reaches
     * @param gradients what the tape gave; empty if it failed
     */
    record Inquiry(Operand<?> target, List<RecordedOp> missing, List<Cut> cuts, Optional<Gradients> gradients) {}

    /**
     * A variable that no gradient reaches.
     *
     * @param variable the variable
     * @param used whether the target depends on its value at all
     * @param ops the ops through which its value, but no gradient, goes on to the target, in the order they ran: {@code
     *     StopGradient}, a cast to whole numbers, {@code ArgMax}; empty if the rules of the ops give none
     */
    record Cut(Variable<?> variable, boolean used, List<RecordedOp> ops) {}

    /**
     * Starts to look.
     *
     * @param session whose tapes to look at
     * @param listener told of each {@link GradientTape#gradients(Operand, io.github.tapeloop.state.Parameters)} right after
     *     it, while the operands live
     * @return to be closed by the caller
     * @throws IllegalStateException if an inspection of this session is open
     */
    static GradientInspection open(TapeSession session, Consumer<? super Inquiry> listener) {
        GradientInspection inspection = new GradientInspection(session, listener);
        GradientRegistry.of(session).inspectBy(inspection.seen);
        RecordingEnvironment.of(session.tf()).startRecording(inspection.recorder);
        return inspection;
    }

    private void hear(RecordedOp op) {
        ops.add(GradientPaths.Heard.of(op, GradientRegistry.of(session)));
    }

    /** Has gradients computed and tells the listener; a target inside a graph that is being traced is none of its business. */
    private Gradients inspect(Operand<?> target, List<Variable<?>> variables, Supplier<Gradients> backward) {
        if (!target.op().env().isEager()) {
            return backward.get();
        }
        GradientPaths paths = new GradientPaths(session, List.copyOf(ops), target, variables);
        List<RecordedOp> missing = paths.missing();
        Gradients gradients = null;
        try {
            gradients = backward.get();
            return gradients;
        } finally {
            Optional<Gradients> given = Optional.ofNullable(gradients);
            listener.accept(new Inquiry(target, missing, paths.cuts(given), given));
        }
    }

    /** Stops looking. Closing twice is allowed. */
    @Override
    public void close() {
        RecordingEnvironment.of(session.tf()).stopRecording(recorder);
        GradientRegistry.of(session).endInspection(seen);
        ops.clear();
    }
}
