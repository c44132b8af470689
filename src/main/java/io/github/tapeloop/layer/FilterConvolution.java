package io.github.tapeloop.layer;

import java.util.function.UnaryOperator;

/** A convolution with one kernel that makes the channels of the output, its filters. */
abstract class FilterConvolution<L extends FilterConvolution<L>> extends Convolution<L> {

    private final int filters;
    private WeightSpec kernel = WeightSpec.of(Initializer.glorotUniform());

    FilterConvolution(boolean series, int filters, Extent kernelSize, ActivationFunction activation) {
        super(series, kernelSize, activation);
        this.filters = Images.requirePositive(this, "filters", filters);
    }

    /**
     * Says how the kernel starts, and what holds it. Drawn by {@link Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public L kernel(UnaryOperator<WeightSpec> change) {
        this.kernel = changed("kernel", kernel, change);
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
