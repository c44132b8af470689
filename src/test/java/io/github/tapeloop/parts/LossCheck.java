package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.Reduction;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * A loss against figures in {@code losses.txt}: the values of samples, all reductions with and without weights and a mask,
 * and gradients with respect to the predictions. Compiled, it is traced for batches of any size.
 *
 * @param name the name of the figures
 * @param loss makes the loss, for each reduction anew
 */
record LossCheck(String name, Supplier<PerSampleLoss> loss) implements PartRow.Check {

    private static final Oracle ORACLE = Oracle.load("losses.txt");

    private static final double EXACT = 1e-11;
    private static final double ROUNDED = 1e-6;

    /** Logits so large that float32 has few digits left for their exponentials. */
    private static final double STEEP = 1e-5;

    @Override
    public void check(PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            List<Operand<?>> inputs = new ArrayList<>();
            inputs.add(run.constant(session.tf(), ORACLE.shape(name + ".target"), ORACLE.values(name + ".target")));
            inputs.add(figure(session.tf(), run, "prediction"));
            if (isWeighted()) {
                inputs.add(figure(session.tf(), run, "weight"));
                inputs.add(figure(session.tf(), run, "mask"));
            }
            compare(run.compiled() ? withUnknownBatch(session, inputs) : run.run(session, inputs, this::results), run);
        }
    }

    private boolean isWeighted() {
        return ORACLE.shape(name + ".values").numDimensions() > 0;
    }

    private Operand<TFloat32> figure(Ops tf, PartRun run, String figure) {
        String key = name + "." + figure;
        return run.constant(tf, ORACLE.shape(key), ORACLE.values(key));
    }

    private List<double[]> withUnknownBatch(TapeSession session, List<Operand<?>> inputs) {
        List<TracedFunction.Spec> specs = inputs.stream()
                .map(TracedFunction.Spec::of)
                .map(spec -> new TracedFunction.Spec(spec.type(), open(spec.shape())))
                .toList();
        try (TracedFunction function = TracedFunction.trace(session, "open", specs, this::results)) {
            return function.call(inputs).stream()
                    .map(result -> PartRun.read(session, result))
                    .toList();
        }
    }

    private static Shape open(Shape shape) {
        long[] sizes = shape.asArray();
        sizes[0] = -1;
        return Shape.of(sizes);
    }

    private void compare(List<double[]> results, PartRun run) {
        double tolerance =
                switch (name) {
                    case "circle" -> run.float64() ? EXACT : STEEP;
                    case "ctc" -> 5 * ROUNDED; // TensorFlow adds its logarithms in float32, whatever the type.
                    default -> run.float64() ? EXACT : ROUNDED;
                };
        List<String> names = List.of("values", "gradient", "losses", "gradient_both");
        for (int i = 0; i < results.size(); i++) {
            PartRun.assertClose(
                    ORACLE.values(name + "." + names.get(i)), results.get(i), tolerance, name + "." + names.get(i));
        }
    }

    @SuppressWarnings("unchecked") // Each input is put there with its type.
    private List<Operand<?>> results(Ops tf, List<Operand<?>> inputs) {
        Operand<? extends TNumber> target = (Operand<? extends TNumber>) inputs.get(0);
        Operand<TFloat32> prediction = (Operand<TFloat32>) inputs.get(1);
        List<Operand<?>> results = new ArrayList<>();
        results.add(loss.get().values(tf, target, prediction));
        results.add(gradient(tf, prediction, () -> loss.get().call(tf, target, prediction)));
        List<Operand<TFloat32>> losses = new ArrayList<>();
        for (Reduction reduction : Reduction.values()) {
            losses.add(loss.get().reduction(reduction).call(tf, target, prediction));
        }
        if (inputs.size() > 2) {
            Operand<TFloat32> weight = (Operand<TFloat32>) inputs.get(2);
            Operand<TBool> mask = tf.dtypes.cast(inputs.get(3), TBool.class);
            for (Reduction reduction : Reduction.values()) {
                losses.add(loss.get().reduction(reduction).call(tf, target, prediction, weight));
            }
            for (Reduction reduction : Reduction.values()) {
                losses.add(loss.get().reduction(reduction).masked(mask).call(tf, target, prediction));
            }
            Operand<TInt32> numbers = tf.dtypes.cast(mask, TInt32.class); // A mask may be numbers, too.
            for (Reduction reduction : Reduction.values()) {
                Loss masked = loss.get().reduction(reduction).masked(numbers);
                losses.add(masked.call(tf, target, prediction, weight));
            }
            results.add(tf.stack(losses));
            results.add(gradient(tf, prediction, () -> loss.get().masked(mask).call(tf, target, prediction, weight)));
        } else {
            results.add(tf.stack(losses));
        }
        return results;
    }

    private static Operand<TFloat32> gradient(
            Ops tf, Operand<TFloat32> prediction, Supplier<Operand<TFloat32>> forward) {
        try (GradientTape tape = GradientTape.open(tf)) {
            tape.watch(prediction);
            return tape.gradient(forward.get(), prediction).orElseThrow();
        }
    }
}
