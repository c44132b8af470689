package io.github.tapeloop.metric;

/**
 * The intersection over the union, TP / (TP + FP + FN), of all classes, averaged. Targets and predictions are class
 * numbers of the same shape, [batch, …]. Classes that do not occur are left out of the mean, elements with a class
 * out of range are not counted.
 */
public final class MeanIoU extends OverlapMetric {

    /**
     * Creates a metric named {@code mean_io_u}, as Keras calls it.
     *
     * @param numClasses how many classes there are, at least 1
     */
    public MeanIoU(int numClasses) {
        this("mean_io_u", numClasses);
    }

    /**
     * Creates a metric.
     *
     * @param name its name in logs and history
     * @param numClasses how many classes there are, at least 1
     */
    public MeanIoU(String name, int numClasses) {
        super(name, numClasses, true, allOf(numClasses));
    }

    /**
     * Leaves out all elements of a class; none unless set.
     *
     * @param id a class number among the targets, which may be out of range
     * @return this
     */
    public MeanIoU ignoreClass(int id) {
        setIgnoreClass(id);
        return this;
    }

    /**
     * Whether targets are class numbers, the default, or one-hot in the last dimension.
     *
     * @param sparse true for class numbers
     * @return this
     */
    public MeanIoU sparseTarget(boolean sparse) {
        setSparseTarget(sparse);
        return this;
    }

    /**
     * Whether predictions are class numbers or scores of classes in the last dimension; class numbers unless set.
     *
     * @param sparse true for class numbers
     * @return this
     */
    public MeanIoU sparsePrediction(boolean sparse) {
        setSparsePrediction(sparse);
        return this;
    }
}
