package io.github.tapeloop.loss;

import io.github.tapeloop.runtime.Tensors;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * Connectionist temporal classification (Graves et al. 2006): -log of the probability of a label sequence, summed over all
 * ways to spread it over the time steps, averaged over the batch. Class 0 is the blank between labels.
 *
 * <p>Targets are [batch, labels], whole numbers in [1, classes), padded with 0 behind; predictions are logits, float32
 * [batch, time, classes], of which all time steps count. Each sample needs a label, and a time step for each label and for
 * each blank between two equal labels, or TensorFlow refuses the batch. There is no second derivative. TensorFlow computes
 * this in about the precision of float32 for float64, too. Sample weights and masks are [batch].
 */
public final class Ctc extends StandardLoss {

    /** Creates the loss. */
    public Ctc() {}

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
        Operand<TInt32> labels = Tensors.cast(tf, target, TInt32.class);
        Operand<TInt64> places = tf.where(tf.math.notEqual(labels, tf.constant(0)));
        // The op has the blank as its last class: class 0 goes there, and all others move up by one. Looking up the new
        // numbers finds labels that are no class, which the op would take for the end of a sequence.
        int classes = (int) Tensors.shape(prediction).get(2);
        Operand<TInt32> renumbered =
                tf.constant(IntStream.range(-1, classes - 1).toArray());
        Operand<TInt32> numbers = tf.gather(renumbered, tf.gatherNd(labels, places), tf.constant(0));
        Operand<TFloat32> logits = tf.linalg.transpose(
                tf.roll(prediction, tf.constant(-1), tf.constant(2)), tf.constant(new int[] {1, 0, 2}));
        return tf.nn.ctcLoss(logits, places, numbers, times(tf, prediction)).loss();
    }

    /** How many time steps each sample has: all of them, [batch]. */
    private static Operand<TInt32> times(Ops tf, Operand<TFloat32> prediction) {
        Operand<TInt32> shape = tf.shape(prediction);
        Operand<TInt32> batch = tf.slice(shape, tf.constant(new int[] {0}), tf.constant(new int[] {1}));
        return tf.fill(batch, tf.gather(shape, tf.constant(1), tf.constant(0)));
    }
}
