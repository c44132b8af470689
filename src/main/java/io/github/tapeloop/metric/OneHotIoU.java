package io.github.tapeloop.metric;

/**
 * The intersection over the union, TP / (TP + FP + FN), of some classes, averaged. Targets are one-hot, predictions
 * scores, both [batch, …, classes]. Classes that do not occur are left out of the mean, elements with a class out of
 * range are not counted.
 */
public final class OneHotIoU extends OverlapMetric {

    /**
     * Creates a metric named {@code one_hot_io_u}, as Keras calls it.
     *
     * @param numClasses how many classes there are, at least 1
     * @param targetClassIds the classes to average over, from 0
     */
    public OneHotIoU(int numClasses, int... targetClassIds) {
        this("one_hot_io_u", numClasses, targetClassIds);
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     * @param numClasses how many classes there are, at least 1
     * @param targetClassIds the classes to average over, from 0
     */
    public OneHotIoU(String name, int numClasses, int... targetClassIds) {
        super(name, numClasses, false, targetClassIds);
    }

    /**
     * Leaves out all elements of a class; none unless set.
     *
     * @param id a class number among the targets, which may be out of range
     * @return this
     */
    public OneHotIoU ignoreClass(int id) {
        setIgnoreClass(id);
        return this;
    }

    /**
     * Whether predictions are class numbers or scores of classes in the last dimension; scores unless set.
     *
     * @param sparse true for class numbers
     * @return this
     */
    public OneHotIoU sparsePrediction(boolean sparse) {
        setSparsePrediction(sparse);
        return this;
    }
}
