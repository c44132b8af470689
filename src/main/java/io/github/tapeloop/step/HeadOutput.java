package io.github.tapeloop.step;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.Tensors;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * An output of a model in a step, beside what it should have been.
 *
 * @param weight how much each example counts, float32 [batch]
 * @param mask which steps of the output count, bool [batch, time] or of more or fewer of its first dimensions
 */
public record HeadOutput(
        Head head,
        Operand<? extends TNumber> target,
        Operand<TFloat32> prediction,
        Optional<Operand<TFloat32>> weight,
        Optional<Operand<TBool>> mask) {

    /** The same with other weights. */
    HeadOutput weighted(Optional<Operand<TFloat32>> weights) {
        return new HeadOutput(head, target, prediction, weights, mask);
    }

    /** The loss of this output alone, not weighted by the head: a scalar. */
    Operand<TFloat32> loss(Ops tf) {
        Loss loss = mask.map(head.loss()::masked).orElse(head.loss());
        return weight.isPresent() ? loss.call(tf, target, prediction, weight.get()) : loss.call(tf, target, prediction);
    }

    /**
     * The target, and 0 where it counts for nothing, neither in the loss nor in a metric: what is there is nobody's mistake.
     *
     * @param tf makes ops
     * @return of the target's shape and type
     */
    public Operand<? extends TNumber> countedTarget(Ops tf) {
        Operand<? extends TNumber> shown = mask.isPresent() ? where(tf, mask.get(), target) : target;
        boolean weighted =
                weight.isPresent() && head.metrics().isEmpty(); // Metrics without weights see it all the same.
        return weighted
                ? where(
                        tf,
                        tf.math.notEqual(
                                weight.get(),
                                Tensors.constant(tf, 0, weight.get().type())),
                        shown)
                : shown;
    }

    private static <T extends TNumber> Operand<T> where(Ops tf, Operand<TBool> counts, Operand<T> values) {
        Shape leading = Tensors.shape(counts);
        int more = Tensors.rank(values) - leading.numDimensions();
        if (more < 0 || !Tensors.shape(values).take(leading.numDimensions()).equals(leading)) {
            return values; // What does not fit is for the loss to refuse.
        }
        Operand<TBool> each = counts;
        for (int k = 0; k < more; k++) {
            each = tf.expandDims(each, tf.constant(-1));
        }
        return tf.select(each, values, tf.zerosLike(values));
    }

    /** Lets the metrics see it. */
    void measure(Ops tf) {
        Optional<Operand<TFloat32>> shown = mask.map(steps -> Tensors.cast(tf, steps, prediction.type()));
        head.metrics().forEach(metric -> measure(tf, metric, shown));
        if (!head.weightedMetrics().isEmpty()) {
            Optional<Operand<TFloat32>> counted = shown.isPresent() && weight.isPresent()
                    ? Optional.of(product(tf, weight.get(), shown.get()))
                    : weight.or(() -> shown);
            head.weightedMetrics().forEach(metric -> measure(tf, metric, counted));
        }
    }

    private void measure(Ops tf, Metric metric, Optional<Operand<TFloat32>> counts) {
        if (counts.isPresent()) {
            metric.update(tf, target, prediction, counts.get());
        } else {
            metric.update(tf, target, prediction);
        }
    }

    /** What an example counts, for each of its steps that counts. */
    private static Operand<TFloat32> product(Ops tf, Operand<TFloat32> weight, Operand<TFloat32> steps) {
        Operand<TFloat32> ofExample = Tensors.cast(tf, weight, steps.type());
        for (int rank = Tensors.rank(weight); rank < Tensors.rank(steps); rank++) {
            ofExample = tf.expandDims(ofExample, tf.constant(-1));
        }
        return tf.math.mulNoNan(ofExample, steps); // 0 where a step does not count, whatever the weight.
    }
}
