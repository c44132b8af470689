package io.github.tapeloop.layer;

/**
 * The largest value of each channel over height and width of an image.
 *
 * <p>Input float32 [batch, height, width, channels], output float32 [batch, channels].
 */
public final class GlobalMaxPool2D extends GlobalPool<GlobalMaxPool2D> {

    /** Creates a layer. */
    public GlobalMaxPool2D() {
        super("Max", false);
    }
}
