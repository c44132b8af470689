package io.github.tapeloop.step;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * The measures of one output of a model: how far off it is, and how that is measured.
 *
 * @param output its name and that of its target, or null for the only output, whose target is the first
 * @param loss null if it is measured only
 * @param lossWeight how much its loss counts in the total
 * @param metrics those that all examples count the same for
 * @param weightedMetrics those that weigh examples as the loss does
 */
public record Head(String output, Loss loss, double lossWeight, List<Metric> metrics, List<Metric> weightedMetrics) {

    /** Metrics learn from the loss what predictions are. */
    public Head {
        if (loss != null) {
            Stream.concat(metrics.stream(), weightedMetrics.stream()).forEach(metric -> metric.beside(loss));
        }
    }

    /** What its loss is called in logs, where there are several. */
    String lossName() {
        return named(Scores.LOSS);
    }

    /** All metrics by what they are called in logs. */
    public Map<String, Metric> measured() {
        Map<String, Metric> named = new LinkedHashMap<>();
        metrics.forEach(metric -> add(named, metric.name(), metric));
        weightedMetrics.forEach(metric -> add(
                named, named.containsKey(named(metric.name())) ? "weighted_" + metric.name() : metric.name(), metric));
        return named;
    }

    private void add(Map<String, Metric> named, String name, Metric metric) {
        if (named.putIfAbsent(named(name), metric) != null) {
            throw new IllegalArgumentException(
                    "Two metrics are named '" + named(name) + "': give one of them another name");
        }
    }

    private String named(String name) {
        return output == null ? name : output + "_" + name;
    }

    /** Whether its loss is in the total: with weight 0 it is measured only. */
    boolean counts() {
        return loss != null && lossWeight != 0;
    }

    /** Its loss as it counts in the total. */
    Operand<TFloat32> weighted(Ops tf, Operand<TFloat32> value) {
        return lossWeight == 1 ? value : tf.math.mulNoNan(value, Tensors.constant(tf, lossWeight, value.type()));
    }

    Operand<? extends TNumber> target(Ops tf, Batch batch) {
        return output == null ? batch.target(tf) : batch.target(tf, output);
    }

    Operand<TFloat32> prediction(Map<String, Operand<TFloat32>> outputs) {
        if (output == null && outputs.size() != 1) {
            throw new IllegalArgumentException("The model has the outputs " + outputs.keySet()
                    + ": name one of them in each loss(output, …) and metrics(output, …)");
        }
        Operand<TFloat32> prediction =
                output == null ? outputs.values().iterator().next() : outputs.get(output);
        if (prediction == null) {
            throw new IllegalArgumentException("A loss or metric was given for the output '" + output
                    + "', but the model's outputs are " + outputs.keySet());
        }
        return prediction;
    }
}
