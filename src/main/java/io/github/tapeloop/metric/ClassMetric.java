package io.github.tapeloop.metric;

import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A metric of true and false positives and negatives that can look at one class only. */
abstract class ClassMetric extends ConfusionMetric {

    private int classId = -1;

    ClassMetric(String name, Ends ends, double... thresholds) {
        super(name, ends, thresholds);
    }

    final void setClassId(int id) {
        settings.change(this, "classId");
        this.classId = Require.atLeast(0, "classId", id);
    }

    @Override
    final Operand<TFloat32> selected(Ops tf, Operand<TFloat32> x) {
        if (classId < 0) {
            return x;
        }
        long classes = Targets.requireClasses(this, x).get(-1);
        if (classes >= 0 && classId >= classes) {
            throw new IllegalArgumentException(
                    "Metric '" + name() + "' looks at classId " + classId + ", but there are " + classes + " classes");
        }
        return tf.gather(x, tf.constant(new int[] {classId}), tf.constant(-1));
    }
}
