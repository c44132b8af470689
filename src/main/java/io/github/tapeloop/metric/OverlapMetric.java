package io.github.tapeloop.metric;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.measure.ClassNumbers;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/**
 * The intersection over the union of what was predicted as a class and what is of that class, TP / (TP + FP + FN), averaged
 * over classes. The state is the confusion matrix [target class, predicted class]. A class that is neither target nor
 * prediction is left out of the average, an element whose class is out of range is left out of the matrix.
 */
abstract class OverlapMetric extends WeightedMetric {

    private static final String CONFUSION = "confusion_matrix";

    /** A class with less than this in its union does not occur. */
    private static final double ABSENT = 1e-9;

    /** A table of all pairs has to have fewer than 2^31 cells. */
    private static final int MOST_CLASSES = 46_340;

    private final int numClasses;
    private final int[] targetClassIds;
    private boolean hasIgnored;
    private int ignoreClass;
    private boolean sparseTarget;
    private boolean sparsePrediction;

    OverlapMetric(String name, int numClasses, boolean sparse, int... targetClassIds) {
        super(name);
        this.numClasses = Require.within(1, MOST_CLASSES, "numClasses", numClasses);
        Require.atLeast(1, "number of targetClassIds", targetClassIds.length);
        for (int id : targetClassIds) {
            Require.within(0, numClasses - 1, "targetClassIds", id);
        }
        this.targetClassIds = targetClassIds.clone();
        this.sparseTarget = sparse;
        this.sparsePrediction = sparse;
    }

    static int[] allOf(int numClasses) {
        Require.within(1, MOST_CLASSES, "numClasses", numClasses);
        return IntStream.range(0, numClasses).toArray();
    }

    final void setIgnoreClass(int id) {
        settings.change(this, "ignoreClass");
        this.hasIgnored = true;
        this.ignoreClass = id;
    }

    final void setSparseTarget(boolean sparse) {
        settings.change(this, "sparseTarget");
        this.sparseTarget = sparse;
    }

    final void setSparsePrediction(boolean sparse) {
        settings.change(this, "sparsePrediction");
        this.sparsePrediction = sparse;
    }

    /** Class numbers of predictions that are not scores of classes; the predictions themselves unless overridden. */
    Operand<TInt32> predicted(Ops tf, Operand<TFloat32> prediction) {
        return numbers(tf, prediction);
    }

    @Override
    final void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction, Weights weights) {
        Operand<TInt32> wanted = sparseTarget ? numbers(tf, target) : best(tf, target);
        Operand<TInt32> given = sparsePrediction ? predicted(tf, prediction) : best(tf, prediction);
        if (!Tensors.shape(wanted).isCompatibleWith(Tensors.shape(given))) {
            wanted = tf.reshape(wanted, tf.shape(requireAsMany(wanted, given)));
        }
        Operand<TFloat64> each = weights.over(tf, given);
        Operand<TInt32> row = tf.math.mul(wanted, tf.constant(numClasses));
        Operand<TInt32> cell = tf.select(counts(tf, wanted, given), tf.math.add(row, given), tf.constant(-1));
        int cells = Math.multiplyExact(numClasses, numClasses);
        Operand<TFloat64> counts = tf.math.unsortedSegmentSum(each, cell, tf.constant(cells));
        Operand<TBool> unknown = unknown(tf, prediction, wanted, given);
        state(tf, CONFUSION, Shape.of(cells)).assignAdd(tf, tf.math.add(counts, Weights.unknown(tf, unknown, each)));
    }

    /** Where the prediction is not a number, though the target counts. */
    private Operand<TBool> unknown(
            Ops tf, Operand<TFloat32> prediction, Operand<TInt32> wanted, Operand<TInt32> given) {
        Operand<TBool> unknown = sparsePrediction ? tf.math.isNan(prediction) : Targets.unknownRows(tf, prediction);
        if (!hasIgnored) {
            return unknown;
        }
        return tf.math.logicalAnd(tf.reshape(unknown, tf.shape(given)), isNotIgnored(tf, wanted));
    }

    private static Operand<TInt32> numbers(Ops tf, Operand<? extends TNumber> x) {
        return Tensors.cast(tf, ClassNumbers.of(tf, x), TInt32.class);
    }

    /** The class with the highest score in the last dimension. */
    private Operand<TInt32> best(Ops tf, Operand<? extends TNumber> scores) {
        Shape shape = Targets.requireClasses(this, scores);
        if (shape.get(-1) > numClasses) {
            throw new IllegalArgumentException("Metric '" + name() + "' expects " + numClasses
                    + " classes in the last dimension, got " + Tensors.describe(scores));
        }
        return tf.math.argMax(scores, tf.constant(-1), TInt32.class);
    }

    private Operand<TInt32> requireAsMany(Operand<TInt32> wanted, Operand<TInt32> given) {
        Shape targets = Tensors.shape(wanted);
        Shape predictions = Tensors.shape(given);
        boolean fits = targets.hasUnknownDimension() || predictions.hasUnknownDimension()
                ? Targets.differByOne(targets, predictions)
                : targets.size() == predictions.size();
        if (!fits) {
            throw new IllegalArgumentException("Metric '" + name() + "' expects a class number for each prediction, "
                    + predictions + ", got " + Tensors.describe(wanted));
        }
        return given;
    }

    /** Whether each pair of classes is in range, and the target not to be ignored. */
    private Operand<TBool> counts(Ops tf, Operand<TInt32> wanted, Operand<TInt32> given) {
        Operand<TBool> inRange = tf.math.logicalAnd(isClass(tf, wanted), isClass(tf, given));
        return hasIgnored ? tf.math.logicalAnd(inRange, isNotIgnored(tf, wanted)) : inRange;
    }

    private Operand<TBool> isNotIgnored(Ops tf, Operand<TInt32> wanted) {
        return tf.math.notEqual(wanted, tf.constant(ignoreClass));
    }

    private Operand<TBool> isClass(Ops tf, Operand<TInt32> ids) {
        return tf.math.equal(ids, tf.clipByValue(ids, tf.constant(0), tf.constant(numClasses - 1)));
    }

    @Override
    protected final Operand<? extends TNumber> compute(Ops tf) {
        Operand<TFloat64> flat =
                state(tf, CONFUSION, Shape.of((long) numClasses * numClasses)).read(tf);
        Operand<TFloat64> matrix = tf.reshape(flat, tf.constant(new int[] {numClasses, numClasses}));
        Operand<TFloat64> hits = chosen(tf, tf.linalg.matrixDiagPart(matrix, tf.constant(0), tf.constant(0.0)));
        Operand<TFloat64> targets = chosen(tf, tf.sum(matrix, tf.constant(1)));
        Operand<TFloat64> predictions = chosen(tf, tf.sum(matrix, tf.constant(0)));
        Operand<TFloat64> union = tf.math.sub(tf.math.add(targets, predictions), hits);
        Operand<TFloat64> epsilon = tf.constant(Formulas.EPSILON);
        Operand<TFloat64> occurring =
                tf.sum(Tensors.cast(tf, tf.math.greater(union, tf.constant(ABSENT)), TFloat64.class), tf.constant(0));
        Operand<TFloat64> ratios = tf.math.div(hits, tf.math.add(union, epsilon));
        return tf.math.div(tf.sum(ratios, tf.constant(0)), tf.math.add(occurring, epsilon));
    }

    private Operand<TFloat64> chosen(Ops tf, Operand<TFloat64> byClass) {
        return tf.gather(byClass, tf.constant(targetClassIds), tf.constant(0));
    }

    @Override
    public Loss.Scale predictionScale() {
        return sparsePrediction ? Loss.Scale.CLASS_NUMBERS : Loss.Scale.CLASS_SCORES;
    }

    @Override
    public Loss.Scale targetScale() {
        return sparseTarget ? Loss.Scale.CLASS_NUMBERS : Loss.Scale.CLASS_PROBABILITIES;
    }

    @Override
    public final boolean higherIsBetter() {
        return true;
    }
}
