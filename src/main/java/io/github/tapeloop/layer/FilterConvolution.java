package io.github.tapeloop.layer;

/** A convolution with one kernel that makes the channels of the output, its filters. */
abstract class FilterConvolution<L extends FilterConvolution<L>> extends Convolution<L> {

    private final int filters;
    private WeightSpec kernel = WeightSpec.of(Initializer.glorotUniform());

    FilterConvolution(boolean series, int filters, Extent kernelSize, ActivationFunction activation) {
        super(series, kernelSize, activation);
        this.filters = Images.requirePositive(this, "filters", filters);
    }

    /**
     * What draws the kernel; {@link Initializer#glorotUniform()} unless set.
     *
     * @param initializer makes a value of the kernel's shape
     * @return this
     */
    public L kernelInitializer(Initializer initializer) {
        requireNotBuilt("kernelInitializer");
        this.kernel = kernel.initializer(initializer);
        return self();
    }

    /**
     * The penalty of the kernel, added to the loss.
     *
     * @param regularizer {@link Regularizer#l2} for example
     * @return this
     */
    public L kernelRegularizer(Regularizer regularizer) {
        requireNotBuilt("kernelRegularizer");
        this.kernel = kernel.regularizer(regularizer);
        return self();
    }

    /**
     * Where the kernel is kept after each update.
     *
     * @param constraint {@link Constraint#maxNorm} for example
     * @return this
     */
    public L kernelConstraint(Constraint constraint) {
        requireNotBuilt("kernelConstraint");
        this.kernel = kernel.constraint(constraint);
        return self();
    }

    @Override
    final long channels(long in) {
        return filters;
    }

    final int filters() {
        return filters;
    }

    final WeightSpec kernel() {
        return kernel;
    }
}
