package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
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
 * gradients with respect to the predictions, and the metric of the loss, over the batch at once and as two metrics that saw a
 * part each. Compiled, it is traced for batches of any size.
 *
 * @param name the name of the figures
 * @param loss makes the loss, for each reduction anew
 */
record LossCheck(String name, Supplier<PerSampleLoss> loss) implements PartRow.Check {

    private static final Oracle ORACLE = Oracle.load("losses.txt");

    /** Losses whose values depend on what else is in the batch. */
    private static final Set<String> OF_THE_WHOLE_BATCH = Set.of("dice", "tversky", "circle", "circle.diagonal");

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
            measure(run, session, inputs);
        }
    }

    /** The metric is what {@link Loss.Reduction#MEAN_WITH_SAMPLE_WEIGHT} gives: for no weights, weights, the mask, both. */
    private void measure(PartRun run, TapeSession session, List<Operand<?>> inputs) {
        Ops tf = session.tf();
        List<List<Operand<?>>> ways = new ArrayList<>(List.of(inputs.subList(0, 2)));
        if (isWeighted()) {
            Operand<TFloat32> weight = figure(tf, run, "weight");
            Operand<TFloat32> mask = figure(tf, run, "mask");
            for (Operand<TFloat32> counts : List.of(weight, mask, tf.math.mul(weight, mask))) {
                ways.add(List.of(inputs.get(0), inputs.get(1), counts));
            }
        }
        double[] losses = ORACLE.values(name + ".losses");
        for (int way = 0; way < ways.size(); way++) {
            String what = name + " measured, way " + way;
            double[] expected = {losses[3 * way + 2]};
            Metric whole = Metric.of(loss.get());
            update(run, session, whole, ways.get(way));
            PartRun.assertClose(expected, whole.results(), tolerance(run), what);
            boolean merges = !run.compiled() || way == ways.size() - 1; // Merging is the same in both.
            if (merges && !OF_THE_WHOLE_BATCH.contains(name)) {
                Metric first = Metric.of(loss.get());
                update(run, session, first, part(tf, ways.get(way), 0, 1));
                Metric rest = Metric.of(loss.get());
                update(run, session, rest, part(tf, ways.get(way), 1, -1));
                first.merge(rest);
                PartRun.assertClose(expected, first.results(), tolerance(run), what + ", merged");
            }
        }
    }

    private static List<Operand<?>> part(Ops tf, List<Operand<?>> batch, int from, int size) {
        return batch.stream()
                .<Operand<?>>map(whole -> {
                    int[] begin = new int[Tensors.rank(whole)];
                    int[] sizes = new int[begin.length];
                    Arrays.fill(sizes, -1);
                    begin[0] = from;
                    sizes[0] = size;
                    return tf.slice(whole, tf.constant(begin), tf.constant(sizes));
                })
                .toList();
    }

    private static void update(PartRun run, TapeSession session, Metric metric, List<Operand<?>> batch) {
        if (!run.compiled()) {
            update(session.tf(), metric, batch);
            return;
        }
        try (TracedFunction function = TracedFunction.trace(session, "update", openSpecs(batch), (tf, in) -> {
            update(tf, metric, in);
            return List.of(tf.constant(0f));
        })) {
            function.call(batch);
        }
    }

    @SuppressWarnings("unchecked") // Each input is put there with its type.
    private static void update(Ops tf, Metric metric, List<? extends Operand<?>> in) {
        Operand<? extends TNumber> target = (Operand<? extends TNumber>) in.get(0);
        Operand<TFloat32> prediction = (Operand<TFloat32>) in.get(1);
        if (in.size() == 2) {
            metric.update(tf, target, prediction);
        } else {
            metric.update(tf, target, prediction, (Operand<TFloat32>) in.get(2));
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
        try (TracedFunction function = TracedFunction.trace(session, "open", openSpecs(inputs), this::results)) {
            return function.call(inputs).stream()
                    .map(result -> PartRun.read(session, result))
                    .toList();
        }
    }

    private static List<TracedFunction.Spec> openSpecs(List<Operand<?>> inputs) {
        return inputs.stream()
                .map(TracedFunction.Spec::of)
                .map(spec -> new TracedFunction.Spec(spec.type(), open(spec.shape())))
                .toList();
    }

    private static Shape open(Shape shape) {
        long[] sizes = shape.asArray();
        sizes[0] = -1;
        return Shape.of(sizes);
    }

    private void compare(List<double[]> results, PartRun run) {
        List<String> names = List.of("values", "gradient", "losses", "gradient_both");
        for (int i = 0; i < results.size(); i++) {
            PartRun.assertClose(
                    ORACLE.values(name + "." + names.get(i)),
                    results.get(i),
                    tolerance(run),
                    name + "." + names.get(i));
        }
    }

    private double tolerance(PartRun run) {
        return switch (name) {
            case "circle" -> run.float64() ? EXACT : STEEP;
            case "ctc" -> 5 * ROUNDED; // TensorFlow adds its logarithms in float32, whatever the type.
            default -> run.float64() ? EXACT : ROUNDED;
        };
    }

    @SuppressWarnings("unchecked") // Each input is put there with its type.
    private List<Operand<?>> results(Ops tf, List<Operand<?>> inputs) {
        Operand<? extends TNumber> target = (Operand<? extends TNumber>) inputs.get(0);
        Operand<TFloat32> prediction = (Operand<TFloat32>) inputs.get(1);
        List<Operand<?>> results = new ArrayList<>();
        results.add(loss.get().values(tf, target, prediction));
        results.add(gradient(tf, prediction, () -> loss.get().call(tf, target, prediction)));
        List<Operand<TFloat32>> losses = new ArrayList<>();
        for (Loss.Reduction reduction : Loss.Reduction.values()) {
            losses.add(loss.get().reduction(reduction).call(tf, target, prediction));
        }
        if (inputs.size() > 2) {
            Operand<TFloat32> weight = (Operand<TFloat32>) inputs.get(2);
            Operand<TBool> mask = tf.dtypes.cast(inputs.get(3), TBool.class);
            for (Loss.Reduction reduction : Loss.Reduction.values()) {
                losses.add(loss.get().reduction(reduction).call(tf, target, prediction, weight));
            }
            for (Loss.Reduction reduction : Loss.Reduction.values()) {
                losses.add(loss.get().reduction(reduction).masked(mask).call(tf, target, prediction));
            }
            Operand<TInt32> numbers = tf.dtypes.cast(mask, TInt32.class); // A mask may be numbers, too.
            for (Loss.Reduction reduction : Loss.Reduction.values()) {
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
