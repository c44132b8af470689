package io.github.tapeloop.data;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.tensorflow.ndarray.Shape;

/**
 * Random changes of images: of each image they depend on its seed only, so the same seed of a pass, epoch and image gives
 * the same pixels. All changes are made in one bilinear look-up; what comes in from outside is as the nearest pixel.
 * Immutable; every method returns a new description. Thread-safe.
 */
public final class Augment {

    private final boolean flipHorizontally;
    private final boolean flipVertically;
    private final double shift;
    private final double degrees;
    private final int cropHeight;
    private final int cropWidth;
    /** Whether the part that is cut out lies in the middle instead of at a random place. */
    private final boolean centred;

    private Augment(
            boolean flipHorizontally,
            boolean flipVertically,
            double shift,
            double degrees,
            int cropHeight,
            int cropWidth,
            boolean centred) {
        this.flipHorizontally = flipHorizontally;
        this.flipVertically = flipVertically;
        this.shift = shift;
        this.degrees = degrees;
        this.cropHeight = cropHeight;
        this.cropWidth = cropWidth;
        this.centred = centred;
    }

    /** Changes nothing yet. */
    public Augment() {
        this(false, false, 0, 0, 0, 0, false);
    }

    /**
     * Mirrors every second image, on average, from left to right.
     *
     * @return these changes and that one
     */
    public Augment flipHorizontally() {
        return new Augment(true, flipVertically, shift, degrees, cropHeight, cropWidth, centred);
    }

    /**
     * Mirrors every second image, on average, from top to bottom.
     *
     * @return these changes and that one
     */
    public Augment flipVertically() {
        return new Augment(flipHorizontally, true, shift, degrees, cropHeight, cropWidth, centred);
    }

    /**
     * Moves images up or down and to the left or right, by whole pixels.
     *
     * @param fraction the farthest, as a share of the height and of the width, 0 to 1
     * @return these changes and that one
     * @throws IllegalArgumentException for another fraction
     */
    public Augment shift(double fraction) {
        if (!(fraction >= 0 && fraction <= 1)) {
            throw new IllegalArgumentException("the fraction of a shift must lie between 0 and 1, but got " + fraction);
        }
        return new Augment(flipHorizontally, flipVertically, fraction, degrees, cropHeight, cropWidth, centred);
    }

    /**
     * Turns images about their centre.
     *
     * @param degrees the farthest to either side, 0 to 180
     * @return these changes and that one
     * @throws IllegalArgumentException for another number
     */
    public Augment rotate(double degrees) {
        if (!(degrees >= 0 && degrees <= 180)) {
            throw new IllegalArgumentException("degrees must lie between 0 and 180, but got " + degrees);
        }
        return new Augment(flipHorizontally, flipVertically, shift, degrees, cropHeight, cropWidth, centred);
    }

    /**
     * Cuts a part out of each image, at a random place.
     *
     * @param height of the part in pixels, 1 or more
     * @param width of the part in pixels, 1 or more
     * @return these changes and that one
     * @throws IllegalArgumentException for a size below 1
     */
    public Augment crop(int height, int width) {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("a crop needs 1 pixel or more, but got " + height + " x " + width);
        }
        return new Augment(flipHorizontally, flipVertically, shift, degrees, height, width, centred);
    }

    /**
     * Changes an image.
     *
     * @param pixels float32 [height, width, channels], row-major
     * @param shape [height, width, channels]
     * @param seed {@link Row#seed()}, for example
     * @return float32, as many as {@link #shapeOf} says
     * @throws IllegalArgumentException for a shape of other than three dimensions, that does not fit the pixels, or that is
     *     smaller than the part to be cut out
     */
    public float[] apply(float[] pixels, Shape shape, long seed) {
        shapeOf(shape);
        if (shape.size() != pixels.length) {
            throw new IllegalArgumentException(
                    "the shape " + shape + " has " + shape.size() + " values but there are " + pixels.length);
        }
        return apply(new Image((int) shape.get(0), (int) shape.get(1), (int) shape.get(2), pixels), seed);
    }

    /**
     * Returns the shape that images have afterwards.
     *
     * @param shape [height, width, channels] before
     * @return that shape, or the size of the part that is cut out
     * @throws IllegalArgumentException for a shape of other than three dimensions, or one smaller than that part
     */
    public Shape shapeOf(Shape shape) {
        if (shape.numDimensions() != 3) {
            throw new IllegalArgumentException("an image needs the shape [height, width, channels], but got " + shape);
        }
        if (cropHeight > shape.get(0) || cropWidth > shape.get(1)) {
            throw new IllegalArgumentException("a part of " + cropHeight + " x " + cropWidth
                    + " pixels cannot be cut out of an image of the shape " + shape);
        }
        return cropHeight == 0 ? shape : Shape.of(cropHeight, cropWidth, shape.get(2));
    }

    /** Without all that is random: the part that is cut out lies in the middle. */
    Augment steady() {
        return new Augment(false, false, 0, 0, cropHeight, cropWidth, true);
    }

    boolean isSteady() {
        return centred || isNothing();
    }

    boolean isNothing() {
        return !flipHorizontally && !flipVertically && shift == 0 && degrees == 0 && cropHeight == 0;
    }

    float[] apply(Image image, long seed) {
        int height = cropHeight == 0 ? image.height() : cropHeight;
        int width = cropWidth == 0 ? image.width() : cropWidth;
        SplittableRandom random = new SplittableRandom(seed);
        // All are drawn whatever is wanted: a further change leaves those of the others as they were.
        boolean mirrorX = random.nextBoolean() && flipHorizontally;
        boolean mirrorY = random.nextBoolean() && flipVertically;
        double moveY = Math.rint((2 * random.nextDouble() - 1) * shift * image.height());
        double moveX = Math.rint((2 * random.nextDouble() - 1) * shift * image.width());
        double angle = Math.toRadians((2 * random.nextDouble() - 1) * degrees);
        double top = Math.floor(random.nextDouble() * (image.height() - height + 1));
        double left = Math.floor(random.nextDouble() * (image.width() - width + 1));
        if (centred) {
            top = (image.height() - height) / 2;
            left = (image.width() - width) / 2;
        }

        double centreY = (image.height() - 1) / 2.0;
        double centreX = (image.width() - 1) / 2.0;
        double cos = Math.cos(angle);
        double sin = Math.sin(angle);
        float[] changed = new float[height * width * image.channels()];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double dy = y + top - centreY - moveY;
                double dx = x + left - centreX - moveX;
                double fromY = centreY + (mirrorY ? -1 : 1) * (cos * dy + sin * dx);
                double fromX = centreX + (mirrorX ? -1 : 1) * (cos * dx - sin * dy);
                for (int channel = 0; channel < image.channels(); channel++) {
                    changed[at++] = image.at((float) fromY, (float) fromX, channel);
                }
            }
        }
        return changed;
    }

    /** Lists the changes. */
    @Override
    public String toString() {
        List<String> changes = new ArrayList<>();
        if (flipHorizontally) {
            changes.add("flipHorizontally");
        }
        if (flipVertically) {
            changes.add("flipVertically");
        }
        if (shift > 0) {
            changes.add("shift " + shift);
        }
        if (degrees > 0) {
            changes.add("rotate " + degrees);
        }
        if (cropHeight > 0) {
            changes.add("crop " + cropHeight + " x " + cropWidth);
        }
        return "Augment" + changes;
    }
}
