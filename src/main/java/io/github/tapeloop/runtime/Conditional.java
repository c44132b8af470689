package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.op.SerialExecutor;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.runtime.Tracing.Built;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;

/** Ops that run only if a condition holds: for effects such as the update of variables, or for one of two results. */
public final class Conditional {

    private Conditional() {}

    /**
     * Runs ops if a condition holds. Outside a trace the condition is read and the body called or not; in a trace the body
     * becomes a function of its own behind an {@code If} op, which decides each time the graph runs.
     *
     * @param tf makes ops
     * @param condition a bool scalar
     * @param inputs what the body works with: it must not use other operands made outside it; variables may be used
     * @param body makes the ops from an {@code Ops} and the inputs, and is called at most once
     * @throws IllegalArgumentException if the body uses another operand of the trace around it
     */
    public static void runIf(
            Ops tf,
            Operand<TBool> condition,
            List<? extends Operand<?>> inputs,
            BiConsumer<Ops, List<? extends Operand<?>>> body) {
        TapeSession session = TapeSession.of(tf);
        if (tf.scope().env().isEager()) {
            if (session.read(condition, TBool::getBoolean)) {
                body.accept(tf, inputs);
            }
            return;
        }
        TraceEnvironment environment = (TraceEnvironment) RecordingEnvironment.of(tf);
        Tracing.Inputs taken = environment.isCapturing() ? Tracing.Inputs.WITH_VARIABLES : Tracing.Inputs.ALL;
        List<Spec> specs = new ArrayList<>(inputs.stream().<Spec>map(Spec::of).toList());
        Built then = environment.part("then", specs, taken, (inner, given) -> {
            body.accept(inner, given);
            return List.of(inner.constant(1));
        });
        List<Output<?>> all = new ArrayList<>();
        inputs.forEach(input -> all.add(input.asOutput()));
        then.captured().forEach(variable -> {
            all.add(variable.handleIn(environment));
            specs.add(new Spec(DataType.DT_RESOURCE, Shape.scalar()));
        });
        Built otherwise = environment.part("otherwise", specs, taken, (inner, given) -> List.of(inner.constant(0)));
        tf.scope()
                .opBuilder("If", "If")
                .addInput(condition.asOutput())
                .addInputList(all.toArray(Output<?>[]::new))
                .setAttr("Tcond", DataType.DT_BOOL)
                .setAttr("Tin", specs.stream().map(Spec::type).toArray(DataType[]::new))
                .setAttr("Tout", new DataType[] {DataType.DT_INT32})
                .setAttr("then_branch", then.function())
                .setAttr("else_branch", otherwise.function())
                .setAttr(SerialExecutor.LOWERED, true)
                .build();
    }

    /**
     * What one of two functions gives. Outside a trace the condition is read and one function called; in a trace both become
     * functions of their own behind an {@code If} op, which runs one of them. Tapes hear that as one op, with a gradient
     * that runs the gradient of the branch that was taken; they find its {@link Branches} with {@link RecordedOp#tag}.
     *
     * @param tf makes ops
     * @param condition a bool scalar
     * @param inputs what both work with: they must not use other operands made outside; variables may be used
     * @param then makes the results, at least one, if the condition holds
     * @param otherwise makes results of the same number, types and ranks if it does not
     * @return the results
     * @throws IllegalArgumentException if the results of the two differ in number or types, or a function uses another
     *     operand of the trace around it
     */
    public static List<Operand<?>> choose(
            Ops tf,
            Operand<TBool> condition,
            List<? extends Operand<?>> inputs,
            TracedFunction.Body then,
            TracedFunction.Body otherwise) {
        TapeSession session = TapeSession.of(tf);
        if (tf.scope().env().isEager()) {
            boolean holds = session.read(condition, TBool::getBoolean);
            return List.copyOf((holds ? then : otherwise).apply(tf, List.copyOf(inputs)));
        }
        List<Spec> specs = inputs.stream().<Spec>map(Spec::of).toList();
        TraceEnvironment environment = (TraceEnvironment) RecordingEnvironment.of(tf);
        Built yes = environment.part("then", specs, then);
        Built no = environment.part("otherwise", specs, otherwise);
        DataType[] types = types(yes.outputs());
        if (!Arrays.equals(types, types(no.outputs()))) {
            throw new IllegalArgumentException("Both branches must give results of the same number and types, got "
                    + yes.outputs() + " and " + no.outputs());
        }
        Operation operation;
        boolean muted = environment.mute();
        try {
            operation = tf.scope()
                    .opBuilder("If", "If")
                    .addInput(condition.asOutput())
                    .addInputList(inputs.stream().map(Operand::asOutput).toArray(Output<?>[]::new))
                    .setAttr("Tcond", DataType.DT_BOOL)
                    .setAttr("Tin", types(specs))
                    .setAttr("Tout", types)
                    .setAttr("output_shapes", shapes(yes.outputs(), no.outputs()))
                    .setAttr("then_branch", yes.function())
                    .setAttr("else_branch", no.function())
                    .setAttr(SerialExecutor.LOWERED, true)
                    .build();
        } finally {
            environment.unmute(muted);
        }
        tell(environment, tf, operation, condition, inputs, new Branches(then, otherwise, yes, no));
        List<Operand<?>> results = new ArrayList<>();
        for (int i = 0; i < operation.numOutputs(); i++) {
            results.add(operation.output(i));
        }
        return results;
    }

    private static void tell(
            SessionEnvironment environment,
            Ops tf,
            Operation operation,
            Operand<TBool> condition,
            List<? extends Operand<?>> inputs,
            Branches branches) {
        if (environment.isRecording()) {
            OpCall heard = new OpCall(none -> null, "If", "If", tf.scope());
            heard.addInput(condition.asOutput());
            inputs.forEach(input -> heard.addInput(input.asOutput()));
            branches.variables(tf).forEach(handle -> heard.addInput(handle.asOutput()));
            environment.tell(new RecordedOp(heard, operation, branches));
        }
    }

    private static DataType[] types(List<Spec> specs) {
        return specs.stream().map(Spec::type).toArray(DataType[]::new);
    }

    /** What is known whichever branch runs. */
    private static Shape[] shapes(List<Spec> yes, List<Spec> no) {
        Shape[] shapes = new Shape[yes.size()];
        for (int i = 0; i < shapes.length; i++) {
            shapes[i] = common(yes.get(i).shape(), no.get(i).shape());
        }
        return shapes;
    }

    /** What is known of something that has one shape or the other. */
    static Shape common(Shape a, Shape b) {
        if (a.isUnknown() || b.isUnknown() || a.numDimensions() != b.numDimensions()) {
            return Shape.unknown();
        }
        long[] common = a.asArray().clone();
        for (int k = 0; k < common.length; k++) {
            common[k] = common[k] == b.get(k) ? common[k] : Shape.UNKNOWN_SIZE;
        }
        return Shape.of(common);
    }

    /** The two functions behind an {@code If} op, to be differentiated. */
    public static final class Branches {

        private final TracedFunction.Body then;
        private final TracedFunction.Body otherwise;
        private final Set<TraceEnvironment.Used> watched = new LinkedHashSet<>();

        private Branches(TracedFunction.Body then, TracedFunction.Body otherwise, Built yes, Built no) {
            this.then = then;
            this.otherwise = otherwise;
            watched.addAll(yes.watched());
            watched.addAll(no.watched());
        }

        /**
         * What makes the results if the condition holds.
         *
         * @return the first function
         */
        public TracedFunction.Body then() {
            return then;
        }

        /**
         * What makes the results if the condition does not hold.
         *
         * @return the second function
         */
        public TracedFunction.Body otherwise() {
            return otherwise;
        }

        /**
         * The handles of the trainable variables that the functions use, which a {@link RecordedOp} has after the condition
         * and the inputs.
         *
         * @param tf ops of the session or of a trace of it
         * @return handles of type resource there
         */
        public List<Operand<?>> variables(Ops tf) {
            return watched.stream()
                    .<Operand<?>>map(variable -> variable.handleIn(RecordingEnvironment.of(tf)))
                    .toList();
        }

        /**
         * Zeros like the value of a variable: its gradient on the side that does not use it.
         *
         * @param tf makes ops
         * @param variable its place in {@link #variables}
         * @return of the variable's shape and type
         */
        public Operand<?> zeros(Ops tf, int variable) {
            TraceEnvironment.Used used = List.copyOf(watched).get(variable);
            return tf.zeros(tf.constant(used.shape().asArray()), used.type());
        }

        @Override
        public String toString() {
            return "Branches";
        }
    }
}
