package io.github.tapeloop.runtime;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TracedFunction.Body;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.runtime.Tracing.Built;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * The body of a function that runs another body again and again, by a loop in the graph. The loop carries the number of the
 * round, how many there are, the last result, and the inputs, which it hands from round to round.
 */
final class RepeatedBody implements Body {

    private final String name;
    private final List<Spec> carried = new ArrayList<>();
    private final Body body;

    /** @param inputs of the body, but for the number of the round */
    RepeatedBody(String name, List<Spec> inputs, Body body) {
        this.name = name;
        this.body = body;
        carried.add(new Spec(DataType.DT_INT32, Shape.scalar()));
        carried.add(new Spec(DataType.DT_INT32, Shape.scalar()));
        carried.add(new Spec(DataType.DT_FLOAT, Shape.scalar()));
        carried.addAll(inputs);
    }

    /** What this takes: how many rounds, and the inputs of the body. */
    List<Spec> inputs() {
        List<Spec> inputs = new ArrayList<>(carried);
        inputs.remove(2);
        inputs.remove(0);
        return inputs;
    }

    @Override
    public List<Operand<?>> apply(Ops tf, List<Operand<?>> given) {
        TraceEnvironment environment = (TraceEnvironment) RecordingEnvironment.of(tf);
        Built round = environment.part(name + "_next", carried, this::round);
        Built goesOn = environment.part(name + "_goes_on", carried, (inner, now) -> List.of(less(inner, now)));
        List<Operand<?>> state = new ArrayList<>(given);
        state.add(0, tf.constant(0));
        state.add(2, tf.constant(0f));
        return List.of(Loop.operation(tf, state, carried, goesOn, round).output(2));
    }

    private List<Operand<?>> round(Ops tf, List<Operand<?>> state) {
        List<Operand<?>> given = new ArrayList<>(state.subList(3, state.size()));
        given.add(0, state.get(0));
        Operand<?> result = step(tf, given);
        List<Operand<?>> next = new ArrayList<>(state);
        next.set(0, increment(tf, state.get(0)));
        next.set(2, Tensors.cast(tf, result, TFloat32.class));
        return next;
    }

    private Operand<?> step(Ops tf, List<Operand<?>> given) {
        TraceEnvironment environment = (TraceEnvironment) RecordingEnvironment.of(tf);
        List<Spec> specs = given.stream().<Spec>map(Spec::of).toList();
        Built step = environment.partOfItsOwn(name + "_round", specs, body);
        return tf.scope()
                .opBuilder("StatefulPartitionedCall", "Step")
                .addInputList(given.stream().map(Operand::asOutput).toArray(Output<?>[]::new))
                .setAttr("Tin", types(step.inputs()))
                .setAttr("Tout", types(step.outputs()))
                .setAttr("f", step.function())
                .build()
                .output(0);
    }

    private static DataType[] types(List<Spec> specs) {
        return specs.stream().map(Spec::type).toArray(DataType[]::new);
    }

    /** Whether the first of two numbers is less than the second. */
    private static Output<?> less(Ops tf, List<Operand<?>> numbers) {
        return tf.scope()
                .opBuilder("Less", "Less")
                .addInput(numbers.get(0).asOutput())
                .addInput(numbers.get(1).asOutput())
                .build()
                .output(0);
    }

    private static Output<?> increment(Ops tf, Operand<?> number) {
        return tf.scope()
                .opBuilder("AddV2", "Next")
                .addInput(number.asOutput())
                .addInput(tf.constant(1).asOutput())
                .build()
                .output(0);
    }
}
