package io.github.tapeloop.metric;

import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.Loss;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Probabilities, for metrics that compare them with thresholds: predictions themselves, or what makes them so. */
final class Probabilities {

    private final Metric metric;
    private Loss means = BinaryCrossentropy.fromProbabilities();
    private boolean said;

    Probabilities(Metric metric) {
        this.metric = metric;
    }

    /** What the user says, which counts more than what stands beside. */
    void fromLogits(boolean logits) {
        metric.settings.change(metric, "fromLogits");
        means = logits ? BinaryCrossentropy.fromLogits() : BinaryCrossentropy.fromProbabilities();
        said = true;
    }

    /** What the loss beside the metric takes predictions for. */
    void beside(Loss loss) {
        if (said || loss.predictionScale() == Loss.Scale.NUMBERS) {
            return;
        }
        if (loss.predictionScale().isLogits() != means.predictionScale().isLogits()) {
            metric.settings.change(metric, "loss");
        }
        means = loss;
    }

    Loss.Scale scale() {
        return means.predictionScale();
    }

    Operand<TFloat32> of(Ops tf, Operand<TFloat32> prediction) {
        return means.probabilities(tf, prediction);
    }
}
