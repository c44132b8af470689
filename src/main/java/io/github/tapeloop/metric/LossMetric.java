package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.measure.Counts;
import io.github.tapeloop.measure.FullPrecision;
import io.github.tapeloop.runtime.Tensors;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** The mean of a loss: over samples, if it has a value for each, else over batches by their numbers of examples. */
class LossMetric extends Metric {

    private final Loss loss;

    LossMetric(String name, Loss loss) {
        super(name);
        this.loss = Objects.requireNonNull(loss, "loss");
    }

    @Override
    public final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        if (isPerSample(prediction)) {
            PerSampleLoss each = (PerSampleLoss) loss;
            Operand<TFloat32> seen = seen(tf, prediction);
            averageSamples(tf, target, seen, ofLoss(() -> each.values(tf, target, seen)), Weights.NONE);
        } else {
            averageBatch(tf, prediction, () -> loss.call(tf, target, prediction));
        }
    }

    @Override
    public final void update(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<? extends TNumber> sampleWeight) {
        Weights weights = Weights.of(name(), sampleWeight);
        if (isPerSample(prediction)) {
            if (Tensors.rank(sampleWeight) < Tensors.rank(prediction)
                    || !averageElements(tf, target, prediction, weights, Counts.of(tf, sampleWeight))) {
                PerSampleLoss each = (PerSampleLoss) loss;
                Operand<TFloat32> seen = seen(tf, prediction);
                Operand<TFloat32> values = ofLoss(() -> each.values(tf, target, seen, sampleWeight));
                averageSamples(tf, target, seen, values, weights);
            }
        } else { // A loss that takes no weights says what it would have to be.
            averageBatch(tf, prediction, () -> loss.call(tf, target, prediction, sampleWeight));
        }
    }

    /** Predictions in the type that the loss is computed in. */
    Operand<TFloat32> seen(Ops tf, Operand<TFloat32> prediction) {
        return FullPrecision.of(tf, prediction);
    }

    private boolean isPerSample(Operand<TFloat32> prediction) {
        return loss instanceof PerSampleLoss each && ofLoss(() -> each.isPerSample(prediction));
    }

    /** With weights as for each element of the predictions, if the loss has a value for each. */
    private boolean averageElements(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights, Counts counts) {
        Operand<TFloat32> seen = seen(tf, prediction);
        Optional<Operand<TFloat32>> elements = ofLoss(
                () -> ((PerSampleLoss) loss).elements(tf, counts.targets(tf, target), counts.predictions(tf, seen)));
        elements.ifPresent(values -> average(tf, values, weights));
        return elements.isPresent();
    }

    private void averageSamples(
            Ops tf,
            Operand<? extends TNumber> target,
            Operand<TFloat32> prediction,
            Operand<TFloat32> values,
            Weights weights) {
        PerSampleLoss each = (PerSampleLoss) loss;
        Optional<Operand<? extends TType>> counted = ofLoss(() -> each.counted(tf, target, prediction, values));
        average(
                tf,
                values,
                counted.map(mask -> weights.masked(tf, values, mask)).orElse(weights));
    }

    private void averageBatch(Ops tf, Operand<TFloat32> prediction, Supplier<Operand<TFloat32>> call) {
        Operand<TFloat32> value = ofLoss(call);
        if (Tensors.rank(value) > 0) {
            throw new IllegalArgumentException("Metric '" + name() + "' expects a scalar of loss '" + loss.name()
                    + "', got " + Tensors.describe(value)
                    + ": give their mean, or extend PerSampleLoss, which has a value for each sample");
        }
        average(tf, value, examples(tf, prediction));
    }

    private static Operand<TFloat64> examples(Ops tf, Operand<TFloat32> prediction) {
        Shape shape = Tensors.shape(prediction);
        if (shape.numDimensions() == 0) {
            return tf.constant(1.0);
        }
        return shape.get(0) == Shape.UNKNOWN_SIZE
                ? Tensors.cast(tf, tf.gather(tf.shape(prediction), tf.constant(0), tf.constant(0)), TFloat64.class)
                : tf.constant((double) shape.get(0));
    }

    /** What the loss says, and if it refuses the batch, which metric was to be updated. */
    private <T> T ofLoss(Supplier<T> question) {
        try {
            return question.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Metric '" + name() + "': " + e.getMessage(), e);
        }
    }

    @Override
    public void merge(Metric other) {
        if (other instanceof LossMetric another && another.loss.getClass() != loss.getClass()) {
            throw new IllegalArgumentException("Metric '" + name() + "' takes another metric of " + lossName()
                    + ", got one of " + another.lossName());
        }
        super.merge(other);
    }

    private String lossName() {
        String type = loss.getClass().getSimpleName();
        return loss.getClass().isHidden() || type.isEmpty() ? "loss '" + loss.name() + "'" : type;
    }

    @Override
    public final Loss.Scale predictionScale() {
        return loss.predictionScale();
    }

    @Override
    public final Loss.Scale targetScale() {
        return loss.targetScale();
    }

    @Override
    public final boolean isTraceable() {
        return loss.isTraceable();
    }

    @Override
    final String kind() {
        return getClass() == LossMetric.class ? "Metric.of(" + lossName() + ")" : super.kind();
    }
}
