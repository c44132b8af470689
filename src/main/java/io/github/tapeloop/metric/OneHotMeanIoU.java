package io.github.tapeloop.metric;

/**
 * The intersection over the union, TP / (TP + FP + FN), of all classes, averaged. Targets are one-hot, predictions
 * scores, both [batch, …, classes]. Classes that do not occur are left out of the mean, elements with a class out of
 * range are not counted.
 */
public final class OneHotMeanIoU extends OverlapMetric {

    /**
     * Creates a metric named {@code one_hot_mean_io_u}, as Keras calls it.
     *
     * @param numClasses how many classes there are, at least 1
     */
    public OneHotMeanIoU(int numClasses) {
        this("one_hot_mean_io_u", numClasses);
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     * @param numClasses how many classes there are, at least 1
     */
    public OneHotMeanIoU(String name, int numClasses) {
        super(name, numClasses, false, allOf(numClasses));
    }

    /**
     * Leaves out all elements of a class; none unless set.
     *
     * @param id a class number among the targets, which may be out of range
     * @return this
     */
    public OneHotMeanIoU ignoreClass(int id) {
        setIgnoreClass(id);
        return this;
    }

    /**
     * Whether predictions are class numbers or scores of classes in the last dimension; scores unless set.
     *
     * @param sparse true for class numbers
     * @return this
     */
    public OneHotMeanIoU sparsePrediction(boolean sparse) {
        setSparsePrediction(sparse);
        return this;
    }
}
