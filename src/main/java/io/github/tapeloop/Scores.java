package io.github.tapeloop;

import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** The loss, averaged over examples, and the user's metrics, reset and read together. */
final class Scores {

    static final String LOSS = "loss";

    /** What comes before the names of a validation's results. */
    static final String VALIDATION = "val_";

    private final Mean loss = new Mean(LOSS);
    private final List<Metric> metrics;

    Scores(List<Metric> metrics) {
        Set<String> names = new HashSet<>(Set.of(LOSS));
        for (Metric metric : metrics) {
            if (!names.add(metric.name())) {
                throw new IllegalArgumentException(
                        "Two metrics are named '" + metric.name() + "': give one of them another name");
            }
        }
        this.metrics = List.copyOf(metrics);
    }

    /** Takes a batch into account: its loss counts as often as it has examples. */
    void update(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<TFloat32> batchLoss,
            Operand<TFloat64> examples) {
        loss.updateWeighted(tf, batchLoss, examples);
        for (Metric metric : metrics) {
            metric.update(tf, target, prediction);
        }
    }

    Map<String, Double> results() {
        Map<String, Double> results = new TreeMap<>();
        results.put(LOSS, loss.result());
        metrics.forEach(metric -> results.put(metric.name(), metric.result()));
        return results;
    }

    /** Which way a result should go, with or without {@code val_} before its name; empty if there is none of that name. */
    Optional<Boolean> higherIsBetter(String name) {
        String own = name.startsWith(VALIDATION) ? name.substring(VALIDATION.length()) : name;
        return Stream.concat(Stream.of(loss), metrics.stream())
                .filter(metric -> metric.name().equals(own))
                .findFirst()
                .map(Metric::higherIsBetter);
    }

    /** The variables of all metrics. */
    List<Variable<?>> variables() {
        List<Variable<?>> all = new ArrayList<>();
        loss.state().forEach(all::add);
        metrics.forEach(metric -> metric.state().forEach(all::add));
        return all;
    }

    void reset() {
        loss.reset();
        metrics.forEach(Metric::reset);
    }
}
