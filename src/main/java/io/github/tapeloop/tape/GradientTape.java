package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.Recording;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * A recorder that notes the ops that lead from watched values on, and computes gradients by going back over them
 * (reverse mode automatic differentiation).
 *
 * <pre>{@code
 * try (GradientTape tape = GradientTape.open(tf)) {
 *     tape.watch(x);
 *     Operand<TFloat32> y = tf.math.mul(x, tf.math.square(x));
 *     Operand<TFloat32> dydx = tape.gradient(y, x).orElseThrow();   // 3 x²
 * }
 * }</pre>
 *
 * <p>Trainable variables are watched by themselves when they are read; other operands after {@link #watch}. Tapes nest:
 * an outer tape notes the gradient computation of an inner one, which gives second derivatives. A tape gives gradients
 * once, unless it is {@link #persistent}. It records from {@code open} until its gradients are asked for or it closes,
 * on the thread of its session; what it computes belongs to the innermost {@code TensorScope}.
 */
public final class GradientTape implements AutoCloseable {

    private final Ops tf;
    private final RecordingEnvironment environment;
    private final GradientRegistry registry;
    private final boolean persistent;
    private final Notes notes = new Notes();
    private final List<RecordedOp> ops = new ArrayList<>();
    /** Watched ops and recorded ops; for a recorded one its place in {@link #ops}, for a watched one -1. */
    private final Map<Operation, Integer> tracked = new IdentityHashMap<>();

    private final Origins origins;

    private boolean recording;
    /** Whether effects after the gradients wait for them. */
    private boolean fenced;

    private boolean consumed;
    private boolean closed;

    private GradientTape(Ops tf, boolean persistent) {
        this.tf = tf;
        this.environment = RecordingEnvironment.of(tf);
        this.registry = GradientRegistry.of(TapeSession.of(tf));
        this.persistent = persistent;
        this.origins = new Origins(environment, ops, tracked);
        resume();
    }

    /** A tape that has noted ops of a graph already; what is made of their outputs, a scaled loss, it hears. */
    static GradientTape replayed(Ops tf, List<RecordedOp> ops, List<List<Origins.Origin>> origins) {
        GradientTape tape = new GradientTape(tf, false);
        for (int i = 0; i < ops.size(); i++) {
            tape.tracked.put(ops.get(i).operation(), i);
            tape.ops.add(ops.get(i));
            tape.origins.know(ops.get(i), origins.get(i));
        }
        tape.fenced = true;
        return tape;
    }

    /**
     * Opens a tape that gives gradients once.
     *
     * @param tf ops of a session; all ops of that session are heard, whichever {@code Ops} makes them
     * @return a recording tape, to be closed by the caller
     */
    public static GradientTape open(Ops tf) {
        return new GradientTape(tf, false);
    }

    /**
     * Opens a tape that gives gradients as often as asked, of any target recorded so far.
     *
     * @param tf ops of a session
     * @return a recording tape, to be closed by the caller
     */
    public static GradientTape persistent(Ops tf) {
        return new GradientTape(tf, true);
    }

    /**
     * Watches an operand: ops that use it from now on are noted.
     *
     * @param operand of a floating point type
     * @throws IllegalArgumentException if gradients cannot flow to the operand's type
     */
    public void watch(Operand<?> operand) {
        requireOpen();
        requireDifferentiable(operand, "watch");
        tracked.putIfAbsent(operand.asOutput().op(), -1);
    }

    /**
     * Stops noting ops until the returned handle is closed.
     *
     * @return closes without an exception, which resumes recording
     */
    public Pause stopRecording() {
        requireOpen();
        boolean before = recording;
        pause();
        return () -> {
            if (before && !closed && !consumed) {
                resume();
            }
        };
    }

    /** A stretch of code that a tape does not hear: closing it resumes the recording. */
    @FunctionalInterface
    public interface Pause extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * The gradient of the sum of a target's elements with respect to a source.
     *
     * @param target an operand of any shape, of a floating point type
     * @param source a watched operand
     * @param <T> the source's type
     * @return the gradient, with the source's shape and type, or empty if the target does not depend on the source
     * @throws IllegalStateException if the tape was used up or is closed
     * @throws GradientException if an op between them has no gradient rule, or its rule fails
     */
    @SuppressWarnings("unchecked") // A gradient has its source's type.
    public <T extends TType> Optional<Operand<T>> gradient(Operand<?> target, Operand<T> source) {
        return (Optional<Operand<T>>) (Optional<?>)
                gradients(List.of(target), List.of(), List.of(source)).get(0);
    }

    /**
     * Like {@link #gradient}, with zeros where the target does not depend on the source.
     *
     * @param target an operand of any shape, of a floating point type
     * @param source an operand
     * @param <T> the source's type
     * @return the gradient, with the source's shape and type
     */
    public <T extends TType> Operand<T> gradientOrZeros(Operand<?> target, Operand<T> source) {
        return gradient(target, source).orElseGet(() -> tf.zerosLike(source));
    }

    /**
     * The gradient of the sum of a target's elements with respect to variables.
     *
     * @param target an operand of any shape, usually the scalar loss
     * @param variables the variables, usually {@code model.trainableVariables()}
     * @return a gradient for each variable that the target depends on
     * @throws IllegalStateException if the tape was used up or is closed
     * @throws GradientException if an op between them has no gradient rule, or its rule fails
     */
    public Gradients gradients(Operand<?> target, Parameters variables) {
        List<Variable<?>> list = new ArrayList<>(variables.size());
        List<Operand<?>> handles = new ArrayList<>(variables.size());
        for (Variable<?> variable : variables) {
            list.add(variable);
            handles.add(variable.handle(tf));
        }
        return registry.inspected(
                target, list, () -> Gradients.of(list, backward(List.of(target), List.of(), handles)));
    }

    /**
     * Gradients of several targets together, each weighted element by element: vector-Jacobian products.
     *
     * @param targets operands of any shapes, of floating point types
     * @param outputGradients for each target a weight of its shape and type, or an empty list for ones
     * @param sources watched operands
     * @return for each source the gradient, with its shape and type, or empty if no target depends on it
     * @throws IllegalArgumentException if the number or the shapes of output gradients do not fit the targets
     */
    public List<Optional<Operand<?>>> gradients(
            List<? extends Operand<?>> targets,
            List<? extends Operand<?>> outputGradients,
            List<? extends Operand<?>> sources) {
        sources.forEach(source -> requireDifferentiable(source, "differentiate with respect to"));
        return backward(targets, outputGradients, sources);
    }

    /**
     * The derivatives of all elements of a target with respect to all elements of a source, by one pass back for each
     * element of the target. It counts as one use of the tape.
     *
     * @param target an operand of a known shape and a floating point type
     * @param source a watched operand
     * @param <T> the source's type
     * @return the Jacobian [target…, source…], of the source's type, or empty if the target does not depend on the source
     * @throws IllegalArgumentException if a dimension of the target is not known while a function is traced, or gradients
     *     cannot flow to one of the types
     * @throws IllegalStateException if the tape was used up or is closed
     */
    public <T extends TType> Optional<Operand<T>> jacobian(Operand<?> target, Operand<T> source) {
        requireDifferentiable(source, "differentiate with respect to");
        return once(List.of(target), () -> jacobianPass(target, source).full());
    }

    /**
     * The Jacobian of each example of a batch: derivatives of the target's example b with respect to the source's example
     * b, by one pass back for each element of one example of the target. Examples must not depend on one another, as they
     * do through batch statistics; derivatives across examples would be added in.
     *
     * @param target an operand [batch, target…], known but for the batch, of a floating point type
     * @param source a watched operand [batch, source…]
     * @param <T> the source's type
     * @return the Jacobians [batch, target…, source…], of the source's type, or empty if the target does not depend on the
     *     source
     * @throws IllegalArgumentException if the first dimensions differ, another one of the target is not known, or
     *     gradients cannot flow to one of the types
     * @throws IllegalStateException if the tape was used up or is closed
     */
    public <T extends TType> Optional<Operand<T>> batchJacobian(Operand<?> target, Operand<T> source) {
        requireDifferentiable(source, "differentiate with respect to");
        return once(List.of(target), () -> jacobianPass(target, source).batch());
    }

    private <T extends TType> JacobianPass<T> jacobianPass(Operand<?> target, Operand<T> source) {
        return new JacobianPass<>(tf, target, source, weight -> pass(List.of(target), List.of(weight), List.of(source))
                .get(0));
    }

    /** Like {@link #gradients(List, List, List)}, for sources that may be handles of variables. */
    List<Optional<Operand<?>>> backward(
            List<? extends Operand<?>> targets,
            List<? extends Operand<?>> outputGradients,
            List<? extends Operand<?>> sources) {
        if (!outputGradients.isEmpty() && outputGradients.size() != targets.size()) {
            throw new IllegalArgumentException("Expected an output gradient for each of " + targets.size()
                    + " targets, or none at all, got " + outputGradients.size());
        }
        return once(targets, () -> pass(targets, outputGradients, sources));
    }

    private List<Optional<Operand<?>>> pass(
            List<? extends Operand<?>> targets,
            List<? extends Operand<?>> outputGradients,
            List<? extends Operand<?>> sources) {
        ReversePass pass = new ReversePass(tf, registry, ops, tracked, origins, sources);
        for (int i = 0; i < targets.size(); i++) {
            pass.seed(targets.get(i), outputGradients.isEmpty() ? null : outputGradients.get(i));
        }
        pass.run();
        List<Optional<Operand<?>>> gradients = pass.gradients();
        if (fenced) {
            fence(tf, gradients.stream().<Operand<?>>flatMap(Optional::stream).toList());
        }
        return gradients;
    }

    /** Makes ops of a graph that come later wait for gradients. */
    static void fence(Ops tf, List<? extends Operand<?>> gradients) {
        RecordingEnvironment.of(tf)
                .fence(gradients.stream()
                        .map(gradient -> gradient instanceof IndexedSlices<?> slices ? slices.values() : gradient)
                        .toList());
    }

    /** One use of the tape, in which passes are made back over it. */
    private <R> R once(List<? extends Operand<?>> targets, Supplier<R> passes) {
        requireOpen();
        if (consumed) {
            throw new IllegalStateException(
                    "This tape has given its gradients. Ask for all of them in one call, open it"
                            + " with GradientTape.persistent(tf), or record anew after reset()");
        }
        targets.forEach(target -> requireDifferentiable(target, "differentiate"));
        consumed = !persistent;
        boolean before = recording;
        pause(); // Outer tapes hear the backward pass, this one must not: it would record itself.
        try (TapeSession.Use use = TapeSession.of(tf).enter("gradients")) {
            return passes.get();
        } finally {
            if (persistent && before) {
                resume();
            }
        }
    }

    /**
     * Forgets what was watched and noted and records anew, as a tape just opened does: for a tape that is used again and
     * again. Trainable variables are watched by themselves as before.
     *
     * @throws IllegalStateException if the tape is closed
     */
    public void reset() {
        requireOpen();
        ops.clear();
        tracked.clear();
        consumed = false;
        resume();
    }

    /** What this tape records, for those who are told by the environment of ops. */
    Recording<GradientTape> notes() {
        return notes;
    }

    private final class Notes implements Recording<GradientTape> {

        @Override
        public void record(RecordedOp op) {
            boolean isTracked = false;
            for (int i = 0; i < op.inputs(); i++) {
                Operation producer = op.input(i).op();
                if (tracked.containsKey(producer)) {
                    isTracked = true;
                } else if (environment.isAutoWatched(producer)) {
                    tracked.put(producer, -1);
                    isTracked = true;
                }
            }
            if (isTracked && !registry.isConstant(op.type())) {
                tracked.put(op.operation(), ops.size());
                ops.add(op);
            }
        }

        @Override
        public OptionalInt kept() {
            return OptionalInt.of(ops.size());
        }

        @Override
        public GradientTape tape() {
            return GradientTape.this;
        }

        @Override
        public TapeStructure structure(List<? extends Operand<?>> alongside) {
            return TapeStructure.of(ops, origins, alongside);
        }

        @Override
        public Optional<List<Output<?>>> values(Structure<GradientTape> like, List<? extends Operand<?>> alongside) {
            return Optional.ofNullable(((TapeStructure) like).match(ops, origins, alongside));
        }
    }

    /** Stops recording and forgets everything. Closing twice is allowed. */
    @Override
    public void close() {
        pause();
        closed = true;
        ops.clear();
        tracked.clear();
    }

    private void pause() {
        environment.stopRecording(notes);
        recording = false;
    }

    private void resume() {
        if (!recording) {
            environment.startRecording(notes);
            recording = true;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("This GradientTape is closed: use it inside its try block");
        }
    }

    private void requireDifferentiable(Operand<?> operand, String what) {
        Output<?> output = operand.asOutput();
        environment.checkInput(output.op()); // An operand from elsewhere would look like one that nothing leads to.
        if (!Tensors.isDifferentiable(Tensors.dataType(output))) {
            throw new IllegalArgumentException(
                    "Cannot " + what + " output '" + output.op().name() + "' of op "
                            + output.op().type() + ", which is " + Tensors.describe(output)
                            + ": gradients exist for floating point values only. Use a value before it was rounded, or cast it"
                            + " with tf.dtypes.cast before the tape watches it");
        }
    }

    /** Says how many ops it has noted. */
    @Override
    public String toString() {
        return "GradientTape[" + ops.size() + " ops" + (closed ? ", closed]" : recording ? ", recording]" : "]");
    }
}
