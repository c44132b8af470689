package io.github.tapeloop.runtime;

import io.github.tapeloop.op.EffectListener;
import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.op.SerialExecutor;
import io.github.tapeloop.runtime.Tracing.Built;
import io.github.tapeloop.runtime.Tracing.Inputs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;

/**
 * Ops that were made once into a graph and now run in one native call, on the variables of the session they were traced
 * in. Reads and writes of variables, and other ops with effects, happen in the order in which the program made them.
 *
 * <p>Java code in the body runs while tracing, and never again. Used on the thread of its session.
 */
public final class TracedFunction implements AutoCloseable {

    private final TapeSession session;
    private final ConcreteFunction function;
    private final String label;
    private final String name;
    private final int inputs;
    private final Body body;
    private final Built built;
    private final Map<Object, Derived> derived = new HashMap<>();
    private final Runnable closing = this::close;

    /** @param body what the function does, or null if that is more than a body */
    private TracedFunction(TapeSession session, Built built, String label, int inputs, Body body) {
        this.session = session;
        this.label = label;
        this.function = built.function();
        this.built = built;
        this.body = body;
        this.name = function.getDefinedName();
        this.inputs = inputs;
        try {
            built.parts().own(function);
            session.onClose(closing);
        } catch (RuntimeException | Error e) {
            built.parts().close();
            throw e;
        }
    }

    /** Makes a function in one call of the session, so that nobody closes that between its parts. */
    private static TracedFunction inOneCall(TapeSession session, Supplier<TracedFunction> make) {
        boolean entered = session.begin();
        try {
            return make.get();
        } finally {
            session.end(entered);
        }
    }

    /**
     * What an input looks like.
     *
     * @param type its data type
     * @param shape its shape; -1 for a dimension that may differ from call to call
     */
    public record Spec(DataType type, Shape shape) {

        /**
         * What an operand looks like.
         *
         * @param operand any operand
         * @return its type and shape
         */
        public static Spec of(Operand<?> operand) {
            return new Spec(Tensors.dataType(operand), Tensors.shape(operand));
        }

        /**
         * Whether an operand looks like this, all of whose dimensions are known.
         *
         * @param operand any operand
         * @return true if it has this type and shape; false where a dimension is open
         */
        public boolean describes(Operand<?> operand) {
            return type == Tensors.dataType(operand) && shape.equals(Tensors.shape(operand));
        }

        /** Open dimensions are equal to each other here, as those of a {@link Shape} are not. */
        @Override
        public boolean equals(Object other) {
            return other instanceof Spec spec
                    && type == spec.type
                    && Arrays.equals(shape.asArray(), spec.shape.asArray());
        }

        @Override
        public int hashCode() {
            return 31 * type.hashCode() + Arrays.hashCode(shape.asArray());
        }

        @Override
        public String toString() {
            return Tensors.name(type) + " " + shape;
        }
    }

    /** What is made from a function and closed with it. */
    public interface Derived extends AutoCloseable {
        @Override
        void close();
    }

    /** Makes the ops of a function from placeholders for its inputs. */
    @FunctionalInterface
    public interface Body extends BiFunction<Ops, List<Operand<?>>, List<? extends Operand<?>>> {}

    /**
     * Traces a function.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what its inputs look like
     * @param body makes ops with the {@code Ops} it is given; returns the results, at least one; inputs it does not use
     *     cost nothing in a call
     * @return the function, to be closed by the caller or with the session
     * @throws IllegalArgumentException if the body uses operands made outside it, or reads a value
     * @throws OpException if an op cannot be part of a graph
     */
    public static TracedFunction trace(TapeSession session, String name, List<Spec> inputs, Body body) {
        return inOneCall(
                session,
                () -> new TracedFunction(
                        session, Tracing.build(session, name, inputs, Inputs.USED, body), name, inputs.size(), body));
    }

    /**
     * Traces a function and has XLA compile it to machine code when it is called.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what its inputs look like; for each shape they have in a call, XLA compiles anew
     * @param body makes ops with the {@code Ops} it is given; returns the results, at least one
     * @return the function, to be closed by the caller or with the session; a call fails with an {@link OpException} that
     *     names the op if XLA cannot compile one
     */
    public static TracedFunction jitCompiled(TapeSession session, String name, List<Spec> inputs, Body body) {
        return inOneCall(session, () -> {
            Built built = Tracing.build(session, name, inputs, Inputs.WITH_VARIABLES, body);
            built.set(FunctionFlag.MUST_COMPILE);
            return new TracedFunction(session, built, name, inputs.size(), body);
        });
    }

    /**
     * The functions that an attribute of an op names, as bodies: run op by op, they can be traced, differentiated or run
     * anew. For gradient rules of ops that call functions.
     *
     * @param session where the functions are known
     * @param attribute the value of the attribute: a function, several, or their names
     * @return the functions in order
     * @throws IllegalArgumentException if the attribute names no function
     */
    public static List<Body> bodies(TapeSession session, Object attribute) {
        return List.copyOf(FunctionReplay.listOf(session, attribute));
    }

    /**
     * Traces a function that runs a body again and again in one call, by a loop in the graph. Its first input is how often,
     * an int32 scalar; the others are those given, the same in every round.
     *
     * @param session the session whose variables it uses, and in which it will run
     * @param name what it is, for messages and graphs: letters, digits and underscores
     * @param inputs what the inputs of the body look like, but for the first, the number of the round, an int32 scalar
     *     from 0
     * @param body makes the ops of one round; returns one scalar number, of which the function gives the last as float32
     * @return the function, to be closed by the caller or with the session
     */
    public static TracedFunction repeat(TapeSession session, String name, List<Spec> inputs, Body body) {
        RepeatedBody repeated = new RepeatedBody(name, inputs, body);
        return inOneCall(
                session,
                () -> new TracedFunction(
                        session,
                        Tracing.build(session, name, repeated.inputs(), Inputs.ALL, repeated),
                        name,
                        inputs.size() + 1,
                        null));
    }

    /**
     * Runs the function.
     *
     * @param arguments as many as there are inputs, of their types and shapes
     * @return the results, which belong to the innermost scope
     * @throws OpException if an op fails
     */
    public List<Output<?>> call(List<? extends Operand<?>> arguments) {
        return call(session.tf(), arguments);
    }

    /**
     * Runs the function, or has it run as a part of the function that is being traced. Tapes hear it as one op, which leads
     * from the arguments and from the trainable variables that the function uses to the results; their gradients are
     * computed by a function as well, which computes anew what it needs. So the gradient of a function that changes
     * variables changes them again.
     *
     * @param tf makes the call; ops of the session or of a trace of it
     * @param arguments as many as there are inputs, of their types and shapes
     * @return the results; those of a call that is run belong to the innermost scope
     * @throws OpException if an op fails
     */
    public List<Output<?>> call(Ops tf, List<? extends Operand<?>> arguments) {
        if (arguments.size() != inputs) {
            throw new IllegalArgumentException(
                    "Function " + label + " takes " + inputs + " inputs, got " + arguments.size());
        }
        SessionEnvironment environment = SessionEnvironment.of(tf);
        if (environment.session() != session) {
            throw new IllegalArgumentException("Function " + label + " belongs to another TapeSession");
        }
        boolean entered = session.begin();
        Operation operation;
        try {
            operation = run(environment, tf, arguments);
            if (environment.isRecording()) {
                OpCall heard = new OpCall(none -> null, name, label, tf.scope());
                arguments.forEach(argument -> heard.addInput(argument.asOutput()));
                built.watched().forEach(variable -> heard.addInput(variable.handleIn(environment)));
                environment.tell(new RecordedOp(heard, operation, this));
            }
        } finally {
            session.end(entered);
        }
        List<Output<?>> results = new ArrayList<>(operation.numOutputs());
        for (int i = 0; i < operation.numOutputs(); i++) {
            results.add(operation.output(i));
        }
        return results;
    }

    private Operation run(SessionEnvironment environment, Ops tf, List<? extends Operand<?>> arguments) {
        EffectListener effects = environment.effects();
        if (effects != null) {
            effects.uses(built.variables());
            if (built.writes()) {
                effects.writes();
            }
        }
        boolean muted = environment.mute();
        try {
            OperationBuilder call = tf.scope().opBuilder(name, label);
            for (int place : built.used()) {
                call.addInput(arguments.get(place).asOutput());
            }
            built.captured().forEach(variable -> call.addInput(variable.handleIn(environment)));
            if (tf.scope().env().isGraph()) {
                TraceEnvironment trace = (TraceEnvironment) environment;
                trace.calls(built.parts());
                trace.runs(built);
            } else if (built.serial()) {
                call.setAttr(SerialExecutor.ATTRIBUTE, SerialExecutor.NAME);
            }
            return call.build();
        } catch (OpException e) { // TensorFlow speaks of the function by the unique name it has there.
            throw new OpException(label, e.getMessage().replace(name, label));
        } finally {
            environment.unmute(muted);
        }
    }

    /**
     * What the function does, to do it again elsewhere.
     *
     * @return the body given to {@link #trace}, or empty for a loop
     */
    public Optional<Body> body() {
        return Optional.ofNullable(body);
    }

    /**
     * What the inputs look like.
     *
     * @return the specs given to {@link #trace}
     */
    public List<Spec> inputs() {
        return built.inputs();
    }

    /**
     * Whether an input matters for results or effects, as far as the function was made to find out. Any operand of its
     * type will do for one that does not.
     *
     * @param place which input, from 0
     * @return false if nothing depends on it
     */
    public boolean takes(int place) {
        return IntStream.of(built.used()).anyMatch(used -> used == place);
    }

    /**
     * What the results look like, as far as tracing could tell.
     *
     * @return their types and shapes
     */
    public List<Spec> outputs() {
        return built.outputs();
    }

    /**
     * The handles of the trainable variables that the function uses, in the order in which a {@link RecordedOp} of a call
     * has them after the arguments.
     *
     * @param tf ops of the session or of a trace of it
     * @return handles of type resource there
     */
    public List<Operand<?>> variables(Ops tf) {
        return built.watched().stream()
                .<Operand<?>>map(variable -> variable.handleIn(RecordingEnvironment.of(tf)))
                .toList();
    }

    /**
     * Something made from the function, such as its gradient, that is made once and closed with it.
     *
     * @param key what it is
     * @param make makes it when it is first asked for
     * @param <A> its type
     * @return always the same object
     */
    @SuppressWarnings("unchecked") // A key is used for one type.
    public <A extends Derived> A derived(Object key, Supplier<A> make) {
        boolean entered = session.begin();
        try {
            A found = (A) derived.get(key);
            if (found == null) {
                found = make.get();
                derived.put(key, found);
            }
            return found;
        } finally {
            session.end(entered);
        }
    }

    /** Frees the function. Closing twice is allowed, and after the session nothing is left to free. */
    @Override
    public void close() {
        if (session.isClosed()) {
            return;
        }
        boolean entered = session.begin();
        try {
            session.cancelOnClose(closing);
            derived.values().forEach(Derived::close);
            derived.clear();
            built.parts().close();
        } finally {
            session.end(entered);
        }
    }

    /** Names the function. */
    @Override
    public String toString() {
        return "TracedFunction '" + label + "' of " + inputs + " inputs";
    }
}
