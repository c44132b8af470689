package io.github.tapeloop.metric;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.warning.Warnings;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** The classes with the k highest scores of their row; says once that this is all of them. */
final class TopClasses {

    private final Metric metric;
    private int k = 5;
    private boolean said;

    /** @param metric whose this is, for the warning */
    TopClasses(Metric metric) {
        this.metric = metric;
    }

    void k(int number) {
        this.k = Require.atLeast(1, "k", number);
    }

    /** Whether each class is one of them, as {@link Targets#topK} says. */
    Operand<TBool> contain(Ops tf, Operand<TFloat32> prediction, Operand<? extends TNumber> classes) {
        long all = Tensors.shape(prediction).get(-1);
        if (all != Shape.UNKNOWN_SIZE && all <= k && !said) {
            said = true;
            Warnings.warn(
                    metric.getClass(),
                    "Metric '" + metric.name() + "' looks for the class among the " + k + " best of " + all
                            + ", where each is: it is always 1. Set k(…) below the number of classes");
        }
        return Targets.topK(tf, prediction, classes, k);
    }
}
