package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * A metric over three batches of different sizes, without and with sample weights; after a reset; and as the sum of two
 * metrics that saw a part of the batches each. Compiled, the batch size is open.
 *
 * @param data the data set in {@code oracle/metrics.txt}
 * @param name the figures in the same file
 * @param make makes the metric
 */
record MetricCheck(String data, String name, Supplier<Metric> make) implements PartRow.Check {

    private static final Oracle ORACLE = Oracle.load("metrics.txt");
    private static final int BATCHES = 3;

    /** Data sets whose targets are class numbers. */
    private static final Set<String> SPARSE = Set.of("classes", "class_rows", "series", "ids", "stray_ids");

    /** A row for a metric, with the figures of {@code name} over the data set {@code data}. */
    static PartRow row(String part, String variant, Names names, String defaults, Supplier<Metric> make) {
        return new PartRow(
                PartRow.Kind.METRIC,
                part,
                variant,
                "metrics." + names.keras(),
                defaults,
                "NumPy",
                new MetricCheck(names.data(), names.figures(), make));
    }

    /** What a row refers to: Keras' class, the data set and the figures of the oracle. */
    record Names(String keras, String data, String figures) {}

    @Override
    public void check(PartRun run) {
        double tolerance = run.float64() ? 1e-9 : 1e-6;
        double[] plain = ORACLE.values(name + ".plain");
        double[] weighted = ORACLE.values(name + ".weighted");
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Metric metric = make.get();
            feed(run, session, metric, false, 0, BATCHES);
            PartRun.assertClose(plain, metric.results(), tolerance, name);
            metric.reset();
            PartRun.assertClose(new double[plain.length], metric.results(), tolerance, name + " of nothing");
            feed(run, session, metric, true, 0, BATCHES);
            PartRun.assertClose(weighted, metric.results(), tolerance, name + " weighted");
            if (!run.compiled()) { // Merging is the same in both.
                Metric first = make.get();
                feed(run, session, first, true, 0, 1);
                Metric rest = make.get();
                feed(run, session, rest, true, 1, BATCHES);
                first.merge(rest);
                PartRun.assertClose(weighted, first.results(), tolerance, name + " merged");
            }
        }
    }

    private void feed(PartRun run, TapeSession session, Metric metric, boolean weighted, int from, int to) {
        List<List<Operand<?>>> batches = IntStream.range(from, to)
                .mapToObj(i -> batch(run, session.tf(), i, weighted))
                .toList();
        if (!run.compiled()) {
            batches.forEach(batch -> update(session.tf(), metric, batch));
            return;
        }
        List<Spec> specs =
                batches.get(0).stream().map(operand -> open(Spec.of(operand))).toList();
        try (TracedFunction function = TracedFunction.trace(session, "update", specs, (tf, in) -> {
            update(tf, metric, in);
            return List.of(tf.constant(0f));
        })) {
            batches.forEach(function::call);
        }
    }

    private static Spec open(Spec spec) {
        return new Spec(spec.type(), spec.shape().tail().prepend(Shape.UNKNOWN_SIZE));
    }

    private List<Operand<?>> batch(PartRun run, Ops tf, int index, boolean weighted) {
        Operand<? extends TNumber> target = constant(run, tf, "t", index);
        if (SPARSE.contains(data)) {
            target = Tensors.cast(tf, target, TInt32.class);
        }
        Operand<TFloat32> prediction = constant(run, tf, "p", index);
        return weighted ? List.of(target, prediction, constant(run, tf, "w", index)) : List.of(target, prediction);
    }

    private Operand<TFloat32> constant(PartRun run, Ops tf, String what, int index) {
        String key = data + "." + what + index;
        return run.constant(tf, ORACLE.shape(key), ORACLE.values(key));
    }

    @SuppressWarnings("unchecked") // The types are those of batch().
    private static void update(Ops tf, Metric metric, List<? extends Operand<?>> in) {
        Operand<? extends TNumber> target = (Operand<? extends TNumber>) in.get(0);
        Operand<TFloat32> prediction = (Operand<TFloat32>) in.get(1);
        if (in.size() == 2) {
            metric.update(tf, target, prediction);
        } else {
            metric.update(tf, target, prediction, (Operand<TFloat32>) in.get(2));
        }
    }
}
