package io.github.tapeloop.loss;

import io.github.tapeloop.measure.ClassNumbers;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceAll;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * Connectionist temporal classification (Graves et al. 2006): -log of the probability of a label sequence, summed over all
 * ways to spread it over the time steps, averaged over the batch. Class 0 is the blank between labels.
 *
 * <p>Targets are [batch, labels], whole numbers in [1, classes), padded with 0 behind; predictions are logits, float32
 * [batch, time, classes], of which all time steps count. A sample without labels, a silence, is blank at all steps. One with
 * fewer time steps than labels and blanks between equal labels cannot be: its loss is infinite, and it has no gradient; with
 * weight 0, or masked, it is left out as others are. There is no second derivative. TensorFlow computes this in about the
 * precision of float32 for float64, too. Sample weights and masks are [batch].
 */
public final class Ctc extends StandardLoss {

    /** Creates the loss. */
    public Ctc() {}

    @Override
    public Scale predictionScale() {
        return Scale.CLASS_LOGITS;
    }

    @Override
    public Scale targetScale() {
        return Scale.CLASS_NUMBERS;
    }

    @Override
    public Operand<TFloat32> probabilities(Ops tf, Operand<TFloat32> prediction) {
        return tf.nn.softmax(prediction);
    }

    @Override
    Operand<TFloat32> formula(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
        if (Tensors.rank(prediction) != 3 || Tensors.shape(prediction).get(2) < 2) {
            throw new IllegalArgumentException("Ctc expects logits [batch, time, classes], the blank and at least one"
                    + " other class, got " + Tensors.describe(prediction));
        }
        Shape batch = Tensors.shape(prediction).take(1);
        if (Tensors.rank(target) != 2 || !Tensors.shape(target).take(1).isCompatibleWith(batch)) {
            throw new IllegalArgumentException("Ctc expects targets [batch, labels] for " + Tensors.describe(prediction)
                    + ", got " + Tensors.describe(target));
        }
        Operand<TInt32> labels = Tensors.cast(tf, ClassNumbers.of(tf, target), TInt32.class);
        Operand<TBool> given = tf.math.notEqual(labels, tf.constant(0));
        Operand<TBool> empty = tf.math.logicalNot(tf.reduceAny(given, tf.constant(1)));
        Operand<TBool> possible = isPossible(tf, labels, given, prediction);
        Operand<TFloat32> losses = ofLabels(tf, labels, possible, prediction);
        // What has no way to happen has probability 0, of which no prediction is to blame.
        Operand<TFloat32> never = Formula.constant(tf, Double.POSITIVE_INFINITY, losses);
        Operand<TFloat32> silence = tf.math.neg(tf.sum(blank(tf, prediction), tf.constant(1)));
        return tf.select(empty, silence, tf.select(possible, losses, never));
    }

    /** TensorFlow's loss, which wants each sample to have labels and a way for them: others are given one, and not used. */
    private static Operand<TFloat32> ofLabels(
            Ops tf, Operand<TInt32> labels, Operand<TBool> possible, Operand<TFloat32> prediction) {
        Operand<TInt32> zero = tf.constant(0);
        Operand<TInt32> kept = tf.select(tf.expandDims(possible, tf.constant(1)), labels, zero);
        Operand<TBool> none = tf.reduceAll(tf.math.equal(kept, zero), tf.constant(1), ReduceAll.keepDims(true));
        Operand<TInt32> full = tf.concat(List.of(kept, Tensors.cast(tf, none, TInt32.class)), tf.constant(1));
        Operand<TInt64> places = tf.where(tf.math.notEqual(full, zero));
        // The op has the blank as its last class: class 0 goes there, and all others move up by one. Looking up the new
        // numbers finds labels that are no class, which the op would take for the end of a sequence.
        int classes = (int) Tensors.shape(prediction).get(2);
        Operand<TInt32> renumbered =
                tf.constant(IntStream.range(-1, classes - 1).toArray());
        Operand<TInt32> numbers = tf.gather(renumbered, tf.gatherNd(full, places), tf.constant(0));
        Operand<TFloat32> logits = tf.linalg.transpose(
                tf.roll(prediction, tf.constant(-1), tf.constant(2)), tf.constant(new int[] {1, 0, 2}));
        return tf.nn.ctcLoss(logits, places, numbers, times(tf, prediction)).loss();
    }

    /** Whether there is a step for each label, and for each blank between two equal ones that follow each other. */
    private static Operand<TBool> isPossible(
            Ops tf, Operand<TInt32> labels, Operand<TBool> given, Operand<TFloat32> prediction) {
        Operand<TInt32> along = tf.constant(1);
        Operand<TInt32> before = tf.slice(
                tf.pad(labels, tf.constant(new int[][] {{0, 0}, {1, 0}}), tf.constant(0)),
                tf.constant(new int[] {0, 0}),
                tf.shape(labels));
        Operand<TBool> repeats = tf.math.logicalAnd(given, tf.math.equal(labels, before));
        Operand<TInt32> needed = tf.math.add(
                tf.sum(Tensors.cast(tf, given, TInt32.class), along),
                tf.sum(Tensors.cast(tf, repeats, TInt32.class), along));
        return tf.math.lessEqual(needed, times(tf, prediction));
    }

    /** The logarithm of the probability of a blank at each time step, [batch, time]. */
    private static Operand<TFloat32> blank(Ops tf, Operand<TFloat32> prediction) {
        return tf.gather(tf.nn.logSoftmax(prediction), tf.constant(0), tf.constant(2));
    }

    /** How many time steps each sample has: all of them, [batch]. */
    private static Operand<TInt32> times(Ops tf, Operand<TFloat32> prediction) {
        Operand<TInt32> shape = tf.shape(prediction);
        Operand<TInt32> batch = tf.slice(shape, tf.constant(new int[] {0}), tf.constant(new int[] {1}));
        return tf.fill(batch, tf.gather(shape, tf.constant(1), tf.constant(0)));
    }
}
