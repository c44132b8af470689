package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Output and gradients of a layer against a case of {@code spatial.txt}; compiled runs are made a second time with an open
 * batch dimension.
 *
 * @param exact64 whether the layer computes in float64 when its input is
 */
record SpatialCheck(String name, Supplier<? extends Layer> layer, boolean exact64) implements PartRow.Check {

    private static final Oracle ORACLE = Oracle.load("spatial.txt");

    @Override
    public void check(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Layer made = layer.get();
            Operand<TFloat32> x = constant(tf, run, name + ".x");
            Operand<TFloat32> factors = constant(tf, run, name + ".factors");
            made.call(ForwardPass.inference(tf), x); // Makes the weights.
            for (Variable<?> weight : made.variables()) {
                assign(tf, weight, constant(tf, run, name + "." + shortName(weight)));
            }
            List<Operand<?>> inputs = List.of(x, factors);
            TracedFunction.Body body = (ops, in) -> results(made, ops, typed(in.get(0)), typed(in.get(1)));
            compare(made, run, run.run(session, inputs, body));
            if (run.compiled()) {
                List<TracedFunction.Spec> open =
                        inputs.stream().map(SpatialCheck::open).toList();
                try (TracedFunction function = TracedFunction.trace(session, "open", open, body)) {
                    List<double[]> values = new ArrayList<>();
                    function.call(inputs).forEach(result -> values.add(PartRun.read(session, result)));
                    compare(made, run, values);
                }
            }
        }
    }

    /** The output, then the gradients with respect to the input and the weights. */
    private List<Operand<?>> results(Layer made, Ops tf, Operand<TFloat32> x, Operand<TFloat32> factors) {
        try (GradientTape tape = GradientTape.persistent(tf)) {
            tape.watch(x);
            Operand<TFloat32> y = made.call(ForwardPass.training(tf), x);
            assertEquals(
                    ORACLE.shape(name + ".y").tail(), Tensors.shape(y).tail(), name + ": known shape of an example");
            assertEquals(x.type(), y.type(), name + ": type");
            int[] axes = IntStream.range(0, Tensors.rank(y)).toArray();
            Operand<TFloat32> loss = tf.sum(tf.math.mul(y, factors), tf.constant(axes));
            List<Operand<?>> results =
                    new ArrayList<>(List.of(y, tape.gradient(loss, x).orElseThrow()));
            if (made.variables().size() > 0) {
                Gradients gradients = tape.gradients(loss, made.trainableVariables());
                made.variables()
                        .forEach(weight -> results.add(gradients.of(weight).orElseThrow()));
            }
            return results;
        }
    }

    private void compare(Layer made, PartRun run, List<double[]> values) {
        double tolerance = run.float64() && exact64 ? 1e-12 : 1e-5;
        PartRun.assertClose(ORACLE.values(name + ".y"), values.get(0), tolerance, name + " output");
        PartRun.assertClose(ORACLE.values(name + ".grad.x"), values.get(1), tolerance, name + " gradient of x");
        int next = 2;
        for (Variable<?> weight : made.variables()) {
            String what = name + ".grad." + shortName(weight);
            PartRun.assertClose(ORACLE.values(what), values.get(next++), tolerance, what);
        }
    }

    private static Operand<TFloat32> constant(Ops tf, PartRun run, String entry) {
        return run.constant(tf, ORACLE.shape(entry), ORACLE.values(entry));
    }

    private static String shortName(Variable<?> weight) {
        return weight.name().substring(weight.name().lastIndexOf('/') + 1);
    }

    private static TracedFunction.Spec open(Operand<?> input) {
        Shape shape = Tensors.shape(input);
        return new TracedFunction.Spec(Tensors.dataType(input), shape.tail().prepend(Shape.UNKNOWN_SIZE));
    }

    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @SuppressWarnings("unchecked") // The weight has the type of the run.
    private static void assign(Ops tf, Variable<?> weight, Operand<TFloat32> value) {
        ((Variable<TFloat32>) weight).assign(tf, value);
    }
}
