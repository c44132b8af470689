package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.Conditional.Branches;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.tensorflow.Operand;

/**
 * The gradient rules of a session: a user's own first, then Tapeloop's, then those of TensorFlow's C++ library, replayed
 * op by op. Ops that have no gradient by nature ({@code ArgMax}, {@code Shape}, random ops) are known as such.
 *
 * <p>Not thread-safe: it belongs to its session's thread.
 */
public final class GradientRegistry {

    private static final Map<String, GradientRule> STANDARD = StandardRules.all();

    private final Map<String, GradientRule> own = new HashMap<>();
    private final GraphGradients graphGradients = new GraphGradients();

    private int version;
    private Inspection inspection;

    private GradientRegistry() {}

    /**
     * The registry of a session.
     *
     * @param session an open session
     * @return always the same registry
     */
    public static GradientRegistry of(TapeSession session) {
        return RecordingEnvironment.of(session.tf()).attachment(GradientRegistry.class, GradientRegistry::new);
    }

    /**
     * Registers a rule, in place of any that the op type has. It holds for all gradients from now on, those of functions
     * that were traced before included.
     *
     * @param opType a TensorFlow op type, {@code MatMul} for example
     * @param rule propagates gradients through such ops
     * @return this
     */
    public GradientRegistry register(String opType, GradientRule rule) {
        own.put(Objects.requireNonNull(opType, "opType"), Objects.requireNonNull(rule, "rule"));
        version++;
        return this;
    }

    /**
     * The op types that Tapeloop itself has a rule for, ahead of TensorFlow's C++ library.
     *
     * @return op types in alphabetical order
     */
    public static Set<String> standardOpTypes() {
        return new TreeSet<>(STANDARD.keySet());
    }

    /**
     * Whether rules were registered in this session.
     *
     * @return true after {@link #register}
     */
    public boolean hasOwnRules() {
        return !own.isEmpty();
    }

    /**
     * Which rules there are: another number after each {@link #register}. It belongs to the key of whatever is made with
     * gradients and kept.
     *
     * @return how many rules were registered in this session
     */
    public int version() {
        return version;
    }

    /** Somebody who sees the gradients that the tapes of a session compute, such as a check before training. */
    @FunctionalInterface
    public interface Inspection {

        /**
         * Called in the place of a way back over a tape.
         *
         * @param target what is differentiated
         * @param variables by what
         * @param backward computes the gradients; to be called once
         * @return what {@code backward} gave
         */
        Gradients inspect(Operand<?> target, List<Variable<?>> variables, Supplier<Gradients> backward);
    }

    /**
     * Lets somebody see the gradients that tapes compute.
     *
     * @param next is told until {@link #endInspection}
     * @throws IllegalStateException if an inspection of this session is open
     */
    public void inspectBy(Inspection next) {
        if (inspection != null) {
            throw new IllegalStateException("An inspection of this session's gradients is open: close it first");
        }
        inspection = next;
    }

    /**
     * Ends {@link #inspectBy}.
     *
     * @param ended what it was given; another is left alone
     */
    public void endInspection(Inspection ended) {
        if (inspection == ended) {
            inspection = null;
        }
    }

    /** Computes gradients, before the eyes of an inspection if there is one. */
    Gradients inspected(Operand<?> target, List<Variable<?>> variables, Supplier<Gradients> backward) {
        return inspection == null ? backward.get() : inspection.inspect(target, variables, backward);
    }

    /**
     * Whether no gradient flows through ops of a type, by nature, so that a tape need not note them.
     *
     * @param opType an op type
     * @return true for {@code ArgMax}, {@code Shape} and their like, unless {@link #register} was told otherwise
     */
    public boolean isConstant(String opType) {
        return NoGradient.contains(opType) && !own.containsKey(opType);
    }

    /**
     * Whether there is a rule for an op that a recorder heard of.
     *
     * @param op an op of this session; the type is for Tapeloop itself
     * @return false if its gradient would be an exception
     */
    @SuppressWarnings("exports")
    public boolean hasRule(RecordedOp op) {
        return ruleFor(op).isPresent();
    }

    /** The rule for an op, or empty if there is none anywhere. */
    Optional<GradientRule> ruleFor(RecordedOp op) {
        Optional<GradientRule> ofOp = op.tag(GradientRule.class);
        if (ofOp.isPresent()) {
            return ofOp;
        }
        Optional<TracedFunction> called = op.tag(TracedFunction.class);
        if (called.isPresent()) {
            return called.get().body().map(body -> new CallRule(called.get(), body));
        }
        Optional<Branches> branches = op.tag(Branches.class);
        if (branches.isPresent()) {
            return branches.map(BranchRule::new);
        }
        GradientRule rule = own.get(op.type());
        if (rule == null) {
            rule = STANDARD.get(op.type());
        }
        return rule != null ? Optional.of(rule) : graphGradients.ruleFor(op);
    }

    /** Names the ops that have rules of the user's. */
    @Override
    public String toString() {
        return "GradientRegistry[with own rules for " + new TreeSet<>(own.keySet()) + "]";
    }
}
