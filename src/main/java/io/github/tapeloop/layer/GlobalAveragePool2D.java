package io.github.tapeloop.layer;

/**
 * The mean of each channel over height and width of an image.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 [batch, channels].
 */
public final class GlobalAveragePool2D extends GlobalPool<GlobalAveragePool2D> {

    /** Creates a layer. */
    public GlobalAveragePool2D() {
        super("Mean", false);
    }
}
