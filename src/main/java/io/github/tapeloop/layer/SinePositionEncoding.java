package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Tells the steps of a series apart by sines and cosines of their positions, which are added to what stands there (Vaswani et
 * al. 2017): sin(step / maxWavelength^(2i/size)) at feature 2i, the cosine of the same at feature 2i + 1. No weights, and any
 * number of steps. KerasHub's layer gives the waves alone, to be added by the model.
 */
public final class SinePositionEncoding extends Layer {

    private double maxWavelength = 10_000;

    /** Creates a layer. */
    public SinePositionEncoding() {}

    /**
     * How slow the slowest wave is; 10,000 unless set.
     *
     * @param value above 0; the wave has its length times 2π, in steps
     * @return this
     */
    public SinePositionEncoding maxWavelength(double value) {
        requireUnused("maxWavelength");
        this.maxWavelength = Require.positive("SinePositionEncoding maxWavelength", value);
        return this;
    }

    /**
     * Adds the waves. The output has the mask of x.
     *
     * @param pass makes ops
     * @param x float32 [batch, steps, size], steps and size known
     * @return float32 [batch, steps, size]
     * @throws IllegalArgumentException if x has another rank, or unknown sizes
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Shape shape = StepPositions.require(this, x);
        if (shape.numDimensions() != 3) {
            throw new IllegalArgumentException("Layer '" + path()
                    + "' (SinePositionEncoding) expects [batch, steps, size], got " + Tensors.describe(x));
        }
        int size = Math.toIntExact(shape.get(2));
        Operand<TFloat32> waves = StepPositions.waves(
                tf,
                x,
                shape.get(1),
                size,
                feature -> Math.pow(maxWavelength, -(2.0 * (feature / 2)) / size),
                feature -> 1 - feature % 2,
                feature -> feature % 2);
        return pass.keepMask(x, tf.math.add(x, waves));
    }
}
