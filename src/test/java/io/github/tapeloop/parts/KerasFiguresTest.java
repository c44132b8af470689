package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.Oracle;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * Losses with their gradients, and metrics, against figures of real Keras: at least three configurations of each part. The
 * scripts beside the figures name each case so that the part is made from its name.
 */
class KerasFiguresTest {

    private static final Oracle LOSSES = Oracle.load("keras_losses.txt");
    private static final Oracle METRICS = Oracle.load("keras_metrics.txt");

    /** Keras rounds some of its constants to float32, whatever it computes in. */
    private static final double ROUNDED = 2e-6;

    /** Logits so large that float32 has few digits left for their exponentials. */
    private static final double STEEP = 2e-5;

    private static final int LEAST = 3;

    /** Data sets whose targets are class numbers. */
    private static final Set<String> WHOLE = Set.of("embeddings", "sequences", "silences", "short_sequences");

    private static Stream<NamedPart> cases(Oracle oracle, String figure) {
        return oracle.names().stream()
                .sorted()
                .filter(name -> name.contains("/") && name.endsWith(figure))
                .map(name -> NamedPart.of(name.substring(0, name.length() - figure.length())));
    }

    private static Stream<NamedPart> cases(PartRow.Kind kind) {
        return kind == PartRow.Kind.LOSS ? cases(LOSSES, ".losses") : cases(METRICS, ".plain");
    }

    @ParameterizedTest
    @EnumSource(
            value = PartRow.Kind.class,
            names = {"LOSS", "METRIC"})
    void everyPartHasThreeConfigurations(PartRow.Kind kind) {
        Map<String, Long> configurations =
                cases(kind).collect(Collectors.groupingBy(NamedPart::part, TreeMap::new, Collectors.counting()));
        Map<String, Long> few = new TreeMap<>();
        for (String part : Parts.of(kind)) {
            long found = configurations.getOrDefault(part, 0L);
            if (found < LEAST) {
                few.put(part, found);
            }
        }
        assertEquals(Map.of(), few, "parts with fewer than three: add figures to the script");
    }

    static Stream<Arguments> losses() {
        return runs(PartRow.Kind.LOSS);
    }

    static Stream<Arguments> metrics() {
        return runs(PartRow.Kind.METRIC);
    }

    private static Stream<Arguments> runs(PartRow.Kind kind) {
        return cases(kind)
                .flatMap(part -> Stream.of(
                        Arguments.of(part, new PartRun(false, false)),
                        Arguments.of(part, new PartRun(false, true)),
                        Arguments.of(part, new PartRun(true, false))));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("losses")
    void lossesAndTheirGradientsAreThoseOfKeras(NamedPart part, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            boolean weighted = LOSSES.has(part + ".gradient_weighted");
            List<Operand<?>> inputs = new ArrayList<>();
            inputs.add(target(run, tf, part));
            inputs.add(figure(run, tf, LOSSES, part.data() + ".prediction"));
            if (weighted) {
                long[] values = Tensors.shape(part.loss().values(tf, number(inputs.get(0)), floats(inputs.get(1))))
                        .asArray();
                inputs.add(figure(run, tf, LOSSES, part.data() + ".weight" + values.length));
            }
            List<double[]> results = run.run(session, inputs, (ops, in) -> results(ops, in, part::loss));
            double tolerance = part.part().equals("Circle") ? STEEP : ROUNDED;
            double[] losses = LOSSES.values(part + ".losses");
            PartRun.assertClose(new double[] {losses[0]}, results.get(0), tolerance, "loss");
            PartRun.assertClose(LOSSES.values(part + ".gradient"), results.get(1), tolerance, "gradient");
            if (weighted) {
                PartRun.assertClose(new double[] {losses[1]}, results.get(2), tolerance, "weighted");
                PartRun.assertClose(
                        LOSSES.values(part + ".gradient_weighted"), results.get(3), tolerance, "gradient, weighted");
            }
        }
    }

    private static List<Operand<?>> results(Ops tf, List<? extends Operand<?>> in, Supplier<PerSampleLoss> loss) {
        List<Operand<?>> results = new ArrayList<>();
        for (int inputs = 2; inputs <= in.size(); inputs++) {
            try (GradientTape tape = GradientTape.open(tf)) {
                Operand<TFloat32> x = floats(in.get(1));
                tape.watch(x);
                Operand<TFloat32> value = inputs == 2
                        ? loss.get().call(tf, number(in.get(0)), x)
                        : loss.get().call(tf, number(in.get(0)), x, floats(in.get(2)));
                results.add(value);
                results.add(tape.gradient(value, x).orElseThrow());
            }
        }
        return results;
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("metrics")
    void metricsAreThoseOfKeras(NamedPart part, PartRun run) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            for (boolean weighted : new boolean[] {false, true}) {
                String figure = part + (weighted ? ".weighted" : ".plain");
                if (METRICS.has(figure)) {
                    Metric metric = part.metric();
                    feed(run, session, metric, part.data(), weighted);
                    PartRun.assertClose(METRICS.values(figure), metric.results(), ROUNDED, figure);
                }
            }
        }
    }

    /** Two batches, by one trace where they have the same shapes. */
    private static void feed(PartRun run, TapeSession session, Metric metric, String data, boolean weighted) {
        List<List<Operand<?>>> batches =
                List.of(batch(run, session.tf(), data, 0, weighted), batch(run, session.tf(), data, 1, weighted));
        TracedFunction.Body update = (ops, in) -> {
            if (in.size() == 2) {
                metric.update(ops, number(in.get(0)), floats(in.get(1)));
            } else {
                metric.update(ops, number(in.get(0)), floats(in.get(1)), floats(in.get(2)));
            }
            return List.of(ops.constant(0f));
        };
        if (specs(batches.get(0)).equals(specs(batches.get(1)))) {
            try (PartRun.Prepared prepared = run.prepare(session, batches.get(0), update)) {
                batches.forEach(prepared::run);
            }
        } else {
            batches.forEach(batch -> run.run(session, batch, update));
        }
    }

    private static List<TracedFunction.Spec> specs(List<Operand<?>> batch) {
        return batch.stream().map(TracedFunction.Spec::of).toList();
    }

    private static List<Operand<?>> batch(PartRun run, Ops tf, String data, int batch, boolean weighted) {
        List<Operand<?>> inputs = new ArrayList<>();
        Operand<?> target = figure(run, tf, METRICS, data + ".t" + batch);
        inputs.add(data.contains("class") ? Tensors.cast(tf, target, TInt32.class) : target);
        inputs.add(figure(run, tf, METRICS, data + ".p" + batch));
        if (weighted) {
            inputs.add(figure(run, tf, METRICS, data + ".w" + batch));
        }
        return inputs;
    }

    private static Operand<?> target(PartRun run, Ops tf, NamedPart part) {
        Operand<?> target = figure(run, tf, LOSSES, part.data() + ".target");
        boolean whole = part.data().startsWith("class") || WHOLE.contains(part.data());
        return whole ? Tensors.cast(tf, target, TInt32.class) : target;
    }

    private static Operand<TFloat32> figure(PartRun run, Ops tf, Oracle oracle, String name) {
        return FiniteDifferences.constant(
                tf,
                oracle.shape(name),
                oracle.values(name),
                run.float64() ? org.tensorflow.types.TFloat64.class : TFloat32.class);
    }

    @SuppressWarnings("unchecked") // All are numbers.
    private static Operand<? extends TNumber> number(Operand<?> x) {
        return (Operand<? extends TNumber>) x;
    }

    @SuppressWarnings("unchecked") // Predictions and weights are.
    private static Operand<TFloat32> floats(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }
}
