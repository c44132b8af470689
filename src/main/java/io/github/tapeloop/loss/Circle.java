package io.github.tapeloop.loss;

import io.github.tapeloop.measure.Counts;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Max;
import org.tensorflow.op.core.Squeeze;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * The circle loss for embeddings (Sun et al. 2020): embeddings of one class are drawn together and those of different
 * classes apart, the more the farther they are from where they should be.
 *
 * <p>With d the cosine distance 1 - xᵢ·xⱼ, at least 0, and m the margin, each pair of one class has the logit
 * -γ (m + d)(m - d), each pair of two classes γ (1 + m - d)(1 - m - d); the value of a sample is
 * softplus(logsumexp(logits of its class) + logsumexp(logits of the others)). Samples with the value 0 do not count: those
 * that are alone in their class or in a batch of one class, and those so well placed that their value vanishes. Samples of
 * weight 0, or masked, are left out of the pairs of others, too; in Keras they stay their partners.
 *
 * <p>Targets are class numbers, [batch] or [batch, 1]; predictions float32 [batch, n] of length 1, as a layer that
 * normalises them gives.
 */
public final class Circle extends StandardLoss {

    /** The logit of a pair that does not count: no other is near, and unlike -∞ it leads to no NaN in gradients. */
    private static final double NEVER = -1e30;

    private double gamma = 80;
    private double margin = 0.4;
    private boolean removeDiagonal = true;

    /** Creates the loss with γ = 80 and a margin of 0.4. */
    public Circle() {}

    /**
     * Sets the scale of similarities.
     *
     * @param scale γ, above 0; 80 unless set
     * @return this
     */
    public Circle gamma(double scale) {
        settings.change(this, "gamma");
        this.gamma = Require.positive("gamma", scale);
        return this;
    }

    /**
     * Sets how far apart classes should be.
     *
     * @param relaxation m, in [0, 1]; 0.4 unless set
     * @return this
     */
    public Circle margin(double relaxation) {
        settings.change(this, "margin");
        this.margin = Require.probability("margin", relaxation);
        return this;
    }

    /**
     * Whether a sample is no pair with itself.
     *
     * @param remove true unless set
     * @return this
     */
    public Circle removeDiagonal(boolean remove) {
        settings.change(this, "removeDiagonal");
        this.removeDiagonal = remove;
        return this;
    }

    @Override
    public Scale predictionScale() {
        return Scale.NUMBERS;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_NUMBERS;
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        return pairs(tf, target, prediction, Optional.empty());
    }

    /** A sample that does not count is no partner of others, either. */
    @Override
    Operand<TFloat32> valuesOf(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Counts counts) {
        return pairs(tf, target, prediction, Optional.of(counts));
    }

    private Operand<TFloat32> pairs(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Optional<Counts> counts) {
        if (Tensors.rank(prediction) != 2) {
            throw new IllegalArgumentException(
                    "Circle expects embeddings [batch, n], got " + Tensors.describe(prediction));
        }
        Operand<? extends TNumber> labels = Targets.classes(tf, this, target, prediction);
        Operand<TBool> same = sameClass(tf, labels);
        Operand<TFloat32> cosine = tf.linalg.matMul(prediction, prediction, MatMul.transposeB(true));
        Operand<TFloat32> distance = tf.nn.relu(Formula.oneMinus(tf, cosine));
        // -γ (m + d)(m - d) = γ (d² - m²), and γ (1 + m - d)(1 - m - d) = γ ((1 - d)² - m²) where the first is not
        // below 0.
        Operand<TFloat32> near = tf.math.square(distance);
        Operand<TFloat32> weight = tf.nn.relu(tf.math.sub(Formula.constant(tf, 1 + margin, distance), distance));
        Operand<TFloat32> far = tf.math.mul(weight, tf.math.sub(Formula.constant(tf, 1 - margin, distance), distance));
        Operand<TFloat32> together = Formula.times(tf, gamma, Formula.plus(tf, near, -margin * margin));
        Operand<TFloat32> apart = Formula.times(tf, gamma, far);
        Operand<TFloat32> never = Formula.constant(tf, NEVER, distance);
        Operand<TBool> positive = removeDiagonal ? withoutDiagonal(tf, same) : same;
        Operand<TBool> negative = tf.math.logicalNot(same);
        Optional<Operand<TBool>> partners =
                counts.flatMap(some -> some.along(tf, labels)).map(some -> tf.expandDims(some, tf.constant(0)));
        if (partners.isPresent()) {
            positive = tf.math.logicalAnd(positive, partners.get());
            negative = tf.math.logicalAnd(negative, partners.get());
        }
        return tf.math.softplus(tf.math.add(
                logSumExp(tf, tf.select(positive, together, never)), logSumExp(tf, tf.select(negative, apart, never))));
    }

    @Override
    public Optional<Operand<? extends TType>> counted(
            Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Operand<TFloat32> values) {
        // What is not a number counts.
        return Optional.of(tf.math.logicalNot(tf.math.lessEqual(values, Formula.constant(tf, 0, values))));
    }

    private static <T extends TNumber> Operand<TBool> sameClass(Ops tf, Operand<T> labels) {
        return tf.math.equal(tf.expandDims(labels, tf.constant(1)), tf.expandDims(labels, tf.constant(0)));
    }

    private static Operand<TBool> withoutDiagonal(Ops tf, Operand<TBool> pairs) {
        Operand<TBool> no = tf.zerosLike(tf.linalg.matrixDiagPart(pairs, tf.constant(0), tf.constant(false)));
        return tf.linalg.matrixSetDiag(pairs, no, tf.constant(0));
    }

    /** Over the last axis. The largest is taken out first; gradients need not flow through it. */
    private static Operand<TFloat32> logSumExp(Ops tf, Operand<TFloat32> x) {
        Operand<TFloat32> largest = tf.stopGradient(tf.max(x, tf.constant(-1), Max.keepDims(true)));
        Operand<TFloat32> sum = Formula.lastAxisSum(tf, tf.math.exp(tf.math.sub(x, largest)));
        return tf.math.add(tf.math.log(sum), tf.squeeze(largest, Squeeze.axis(List.of(-1L))));
    }
}
