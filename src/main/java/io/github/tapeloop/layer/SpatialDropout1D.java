package io.github.tapeloop.layer;

/**
 * Sets random channels of each series to zero in training, whole ones, and scales the rest by 1 / (1 - rate): {@link Dropout}
 * where neighbours are so alike that dropping one leaves nothing out (Tompson et al. 2015). Does nothing in evaluation and
 * prediction.
 */
public final class SpatialDropout1D extends SpatialDropout {

    /**
     * Creates a layer.
     *
     * @param rate the part of the channels to drop, in [0, 1)
     */
    public SpatialDropout1D(double rate) {
        super(true, "SpatialDropout1D", rate);
    }
}
