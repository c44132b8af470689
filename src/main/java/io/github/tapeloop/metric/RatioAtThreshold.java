package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.ReduceAny;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Precision or recall: at thresholds, among the k highest scores of each row, or both. */
abstract class RatioAtThreshold extends ClassMetric {

    private int topK;
    private boolean hasThresholds;

    RatioAtThreshold(String name) {
        super(name, Ends.OPEN, 0.5);
    }

    final void setGivenThresholds(double... values) {
        setThresholds(values);
        hasThresholds = true;
    }

    final void setTopK(int k) {
        settings.change(this, "topK");
        topK = Require.atLeast(1, "topK", k);
    }

    @Override
    final Operand<TFloat32> scores(Ops tf, Operand<TFloat32> prediction, Weights weights) {
        if (topK == 0) {
            return prediction;
        }
        int classes = (int) Targets.requireClasses(this, prediction).get(-1);
        if (topK > classes) {
            throw new IllegalArgumentException(
                    "Metric '" + name() + "' needs topK of at most the number of classes, got " + topK + " for "
                            + Tensors.describe(prediction));
        }
        Operand<TFloat32> shown = weights.shown(tf, prediction, Double.NEGATIVE_INFINITY);
        Operand<TInt32> best =
                tf.nn.topK(shown, tf.constant(topK), TInt32.class).indices();
        Operand<TBool> marks = tf.oneHot(best, tf.constant(classes), tf.constant(true), tf.constant(false));
        Operand<TBool> among = tf.reduceAny(marks, tf.constant(-2), ReduceAny.keepDims(false));
        Operand<TFloat32> others = Tensors.constant(tf, 0, prediction.type()); // Above no threshold.
        Operand<TFloat32> chosen = hasThresholds ? shown : Tensors.constant(tf, 1, prediction.type());
        Operand<TFloat32> scores = tf.select(among, chosen, others);
        // Where a row has one that is not a number, which are its highest is not known.
        Operand<TBool> unknown = tf.reduceAny(tf.math.isNan(shown), tf.constant(-1), ReduceAny.keepDims(true));
        return tf.select(unknown, Tensors.constant(tf, Double.NaN, prediction.type()), scores);
    }
}
