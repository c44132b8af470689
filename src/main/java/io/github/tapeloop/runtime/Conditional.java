package io.github.tapeloop.runtime;

import io.github.tapeloop.runtime.TracedFunction.Built;
import io.github.tapeloop.runtime.TracedFunction.Inputs;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;

/** Ops that run only if a condition holds, for effects such as the update of variables. */
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
        List<Spec> specs = inputs.stream().<Spec>map(Spec::of).toList();
        Built then = TracedFunction.build(session, "then", specs, Inputs.ALL, (inner, given) -> {
            body.accept(inner, given);
            return List.of(inner.constant(1));
        });
        Built otherwise = TracedFunction.build(
                session, "otherwise", specs, Inputs.ALL, (inner, given) -> List.of(inner.constant(0)));
        List.of(then, otherwise).forEach(branch -> {
            session.onClose(branch.function()::close);
            RecordingEnvironment.of(tf).attachFunction(branch.function());
        });
        tf.scope()
                .opBuilder("If", "If")
                .addInput(condition.asOutput())
                .addInputList(inputs.stream().map(Operand::asOutput).toArray(Output<?>[]::new))
                .setAttr("Tcond", DataType.DT_BOOL)
                .setAttr("Tin", specs.stream().map(Spec::type).toArray(DataType[]::new))
                .setAttr("Tout", new DataType[] {DataType.DT_INT32})
                .setAttr("then_branch", then.function())
                .setAttr("else_branch", otherwise.function())
                .setAttr("_lower_using_switch_merge", true)
                .build();
    }
}
