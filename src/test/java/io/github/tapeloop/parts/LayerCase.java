package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * A layer against the figures of a script: output, loss, gradients, and what a call leaves in its statistics. Compiled, it
 * runs with known and with open batch size; eager float32 runs are repeated in mixed precision.
 *
 * @param figures what layers.py or another script of its format made
 * @param name the case in the figures
 * @param layer makes the layer
 * @param training whether the call trains
 * @param ids whether the input is whole numbers, given as int64 where the run is float32 and as floats else
 * @param tolerance64 how close float64 comes to the figures
 * @param halves whether it is run in mixed precision, too; not if a relu inside may fall to its other side there
 */
record LayerCase(
        Oracle figures,
        String name,
        Supplier<? extends Layer> layer,
        boolean training,
        boolean ids,
        double tolerance64,
        boolean halves) {

    private static final Oracle LAYERS = Oracle.load("layers.txt");

    LayerCase(String name, Supplier<Layer> layer, boolean training, boolean ids) {
        this(LAYERS, name, layer, training, ids, 1e-10);
    }

    LayerCase(
            Oracle figures,
            String name,
            Supplier<? extends Layer> layer,
            boolean training,
            boolean ids,
            double tolerance64) {
        this(figures, name, layer, training, ids, tolerance64, true);
    }

    void check(PartRun run) {
        checkInFullPrecision(run);
        if (halves && !run.compiled() && !run.float64()) {
            checkIn(DtypePolicy.MIXED_FLOAT16, 2e-2);
            checkIn(DtypePolicy.MIXED_BFLOAT16, 1e-1);
        }
    }

    private void checkInFullPrecision(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            List<Operand<TFloat32>> inputs = inputs(run, session.tf());
            Layer part = layer.get();
            call(part, ForwardPass.inference(session.tf()), inputs); // Makes the weights.
            set(run, part, session.tf());
            double tolerance = run.float64() ? tolerance64 : 1e-5;
            compare(tolerance, part, run.run(session, inputs, (tf, in) -> results(run, part, tf, typed(in))));
            if (run.compiled()) {
                set(run, part, session.tf());
                List<Spec> open = inputs.stream().map(LayerCase::open).toList();
                try (TracedFunction function =
                        TracedFunction.trace(session, "open", open, (tf, in) -> results(run, part, tf, typed(in)))) {
                    List<double[]> values = new ArrayList<>();
                    function.call(inputs).forEach(result -> values.add(PartRun.read(session, result)));
                    compare(tolerance, part, values);
                }
            }
        }
    }

    /** In a mixed precision, eager: gradients and statistics have 2 or 3 digits, but all have to be there. */
    private void checkIn(DtypePolicy precision, double tolerance) {
        PartRun run = new PartRun(false, false);
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            List<Operand<TFloat32>> inputs = inputs(run, session.tf());
            Layer part = layer.get();
            call(part, ForwardPass.inference(session.tf()), inputs); // Makes the weights.
            set(run, part, session.tf());
            compare(
                    tolerance,
                    part,
                    run.run(session, inputs, (tf, in) -> results(run, part, tf, typed(in), precision)));
        }
    }

    private static Spec open(Operand<?> input) {
        Shape shape = Tensors.shape(input);
        return new Spec(Tensors.dataType(input), shape.tail().prepend(Shape.UNKNOWN_SIZE));
    }

    private List<Operand<TFloat32>> inputs(PartRun run, Ops tf) {
        List<Operand<TFloat32>> inputs = new ArrayList<>();
        for (String x : inputNames("x")) {
            Operand<TFloat32> floats = run.constant(tf, figures.shape(x), figures.values(x));
            inputs.add(ids && !run.float64() ? whole(tf, floats) : floats);
        }
        return inputs;
    }

    @SuppressWarnings("unchecked") // Ids flow through TFloat32 signatures.
    private static Operand<TFloat32> whole(Ops tf, Operand<TFloat32> floats) {
        return (Operand<TFloat32>) (Operand<? extends TType>) tf.dtypes.cast(floats, TInt64.class);
    }

    private List<String> inputNames(String of) {
        if (figures.has(name + ".x")) {
            return List.of(name + "." + of);
        }
        List<String> names = new ArrayList<>();
        for (int i = 0; figures.has(name + ".x" + i); i++) {
            names.add(name + "." + of + i);
        }
        return names;
    }

    private static Operand<TFloat32> call(Layer part, ForwardPass pass, List<Operand<TFloat32>> inputs) {
        return part.call(pass, inputs);
    }

    /** A layer of a test that hands several inputs to a layer inside it. */
    abstract static class Several extends Layer {

        @Override
        public abstract Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs);

        @Override
        public final Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return call(pass, List.of(x));
        }
    }

    /** The name of a weight in the figures: its path without that of the part, {@code forward.kernel}. */
    private static String figureOf(Layer part, Variable<?> weight) {
        String outer = part instanceof Several
                ? part.layers().values().iterator().next().path()
                : part.path();
        return weight.name().substring(outer.length() + 1).replace('/', '.');
    }

    @SuppressWarnings("unchecked") // Weights are of the run's type.
    private void set(PartRun run, Layer part, Ops tf) {
        for (Variable<?> weight : part.variables()) {
            String figure = name + ".w." + figureOf(part, weight);
            ((Variable<TFloat32>) weight).assign(tf, run.constant(tf, figures.shape(figure), figures.values(figure)));
        }
    }

    /** Output, loss, gradients of inputs and weights, statistics after the call. */
    private List<Operand<?>> results(PartRun run, Layer part, Ops tf, List<Operand<TFloat32>> inputs) {
        return results(run, part, tf, inputs, DtypePolicy.FULL);
    }

    private List<Operand<?>> results(
            PartRun run, Layer part, Ops tf, List<Operand<TFloat32>> inputs, DtypePolicy precision) {
        try (GradientTape tape = GradientTape.persistent(tf)) {
            List<Operand<TFloat32>> watched = ids ? List.of() : inputs;
            watched.forEach(tape::watch);
            ForwardPass full =
                    training ? ForwardPass.training(tf, 1, () -> tf.constant(0L)) : ForwardPass.inference(tf);
            ForwardPass pass = full.in(precision);
            List<Operand<TFloat32>> computed =
                    inputs.stream().map(x -> precision.compute(tf, x)).toList();
            Operand<TFloat32> y = DtypePolicy.full(tf, call(part, pass, computed));
            Operand<TFloat32> factors = run.constant(tf, figures.shape(name + ".f"), figures.values(name + ".f"));
            Operand<TFloat32> flat = tf.reshape(tf.math.mul(y, factors), tf.constant(new int[] {-1}));
            Operand<TFloat32> loss = pass.totalLoss(tf.sum(flat, tf.constant(0)));
            List<Operand<?>> results = new ArrayList<>(List.of(y, loss));
            watched.forEach(x -> results.add(tape.gradient(loss, x).orElseThrow()));
            Parameters trained = part.trainableVariables();
            Gradients gradients = trained.size() == 0 ? null : tape.gradients(loss, trained); // One pass for all.
            for (Variable<?> weight : part.variables()) {
                results.add(isTrained(part, weight) ? gradients.of(weight).orElseThrow() : weight.read(tf));
            }
            return results;
        }
    }

    private static boolean isTrained(Layer part, Variable<?> weight) {
        return part.trainableVariables().names().contains(weight.name());
    }

    private void compare(double tolerance, Layer part, List<double[]> values) {
        Map<String, double[]> expected = new LinkedHashMap<>();
        List<String> entries = new ArrayList<>(List.of(name + ".y", name + ".loss"));
        if (!ids) {
            entries.addAll(inputNames("dx"));
        }
        for (Variable<?> weight : part.variables()) {
            String last = figureOf(part, weight);
            String after = figures.has(name + ".after." + last) ? ".after." : ".w.";
            entries.add(name + (isTrained(part, weight) ? ".d." : after) + last);
        }
        entries.forEach(figure -> expected.put(figure, figures.values(figure)));
        int i = 0;
        for (Map.Entry<String, double[]> figure : expected.entrySet()) {
            PartRun.assertClose(figure.getValue(), values.get(i++), tolerance, figure.getKey());
        }
    }

    @SuppressWarnings("unchecked") // The inputs of the row.
    private static List<Operand<TFloat32>> typed(List<Operand<?>> inputs) {
        return inputs.stream().map(input -> (Operand<TFloat32>) input).toList();
    }
}
