package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.warning.Warnings;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * Gives each feature of the data mean 0 and variance 1: (x - mean) / max(√variance, 1e-7), with the mean and variance that
 * {@link #adapt} found in the data or {@link #statistics} was given. They are weights that are not trained, so they are
 * saved with a model. Until then they are 0 and 1.
 *
 * <p>Features are the elements along the axes to keep, the last unless said otherwise.
 */
public final class Normalization extends Layer {

    /** Keras' too: what varies less is divided by this. */
    private static final double LEAST_DEVIATION = 1e-7;

    private final int[] axis;
    private boolean invert;
    private double[] mean;
    private double[] variance;
    private Variable<TFloat32> meanWeight;
    private Variable<TFloat32> varianceWeight;
    private boolean saidIdentity;

    /** Has a mean and variance for each element of the last axis. */
    public Normalization() {
        this(-1);
    }

    /**
     * Has a mean and variance for each element of some axes.
     *
     * @param axis at least one, counted from the back if negative; for one mean and variance of all, see {@link #overAll()}
     */
    public Normalization(int... axis) {
        this(Arrays.stream(requireSome(axis)));
    }

    private Normalization(IntStream axis) {
        this.axis = axis.toArray();
    }

    /**
     * A layer that has one mean and variance of all elements: Keras' {@code axis=None}.
     *
     * @return a new layer
     */
    public static Normalization overAll() {
        return new Normalization(IntStream.empty());
    }

    private static int[] requireSome(int[] axis) {
        if (axis.length == 0) {
            throw new IllegalArgumentException(
                    "Normalization needs at least one axis, got none: for one mean and variance"
                            + " of all write Normalization.overAll()");
        }
        return axis;
    }

    /**
     * Whether to undo the normalization instead: x · max(√variance, 1e-7) + mean; false unless set.
     *
     * @param use true to undo
     * @return this
     */
    public Normalization invert(boolean use) {
        requireUnused("invert");
        this.invert = use;
        return this;
    }

    /**
     * Sets mean and variance.
     *
     * @param means for each feature its mean
     * @param variances for each feature its variance, at least 0
     * @return this
     * @throws IllegalArgumentException if their lengths differ or a variance is negative
     */
    public Normalization statistics(double[] means, double[] variances) {
        requireUnused("statistics");
        if (means.length != variances.length || means.length == 0) {
            throw new IllegalArgumentException("Normalization needs as many means as variances and at least one, got "
                    + means.length + " means and " + variances.length + " variances");
        }
        if (!Arrays.stream(variances).allMatch(v -> v >= 0)) {
            throw new IllegalArgumentException("Normalization needs variances of at least 0, got "
                    + Arrays.stream(variances)
                            .filter(v -> !(v >= 0))
                            .findFirst()
                            .getAsDouble());
        }
        this.mean = means.clone();
        this.variance = variances.clone();
        return this;
    }

    /**
     * Takes mean and variance from data, in one pass over it; what an earlier call found is forgotten.
     *
     * @param tf ops of the session that makes the batches, eager
     * @param batches float32 [batch, …], at least one; each is read before the next is asked for
     * @return this
     * @throws IllegalArgumentException if there is no batch, their features differ in number, or the layer has its weights
     *     already and their type does not hold a variance
     */
    public Normalization adapt(Ops tf, Iterable<? extends Operand<TFloat32>> batches) {
        TapeSession session = TapeSession.of(tf);
        RunningMoments found = new RunningMoments();
        for (Operand<TFloat32> batch : batches) {
            try (TensorScope scope = session.scope()) {
                found.add(session, this, features(tf, batch));
            }
        }
        found.requireSome(path());
        found.warnOfSmall(path(), LEAST_DEVIATION);
        double[] means = found.mean();
        double[] variances = found.variance();
        if (meanWeight != null) {
            requireHeld(variances, varianceWeight.type());
            set(tf, meanWeight, means);
            set(tf, varianceWeight, variances);
        }
        this.mean = means;
        this.variance = variances;
        return this;
    }

    /** The batch as a matrix [others, features]. */
    private Operand<TFloat64> features(Ops tf, Operand<TFloat32> batch) {
        int[] kept = Dimensions.axes(this, batch, axis);
        int[] others = Dimensions.others(Tensors.rank(batch), kept);
        int[] order = Arrays.copyOf(others, Tensors.rank(batch));
        System.arraycopy(kept, 0, order, others.length, kept.length);
        Operand<TFloat64> ordered = tf.linalg.transpose(Tensors.cast(tf, batch, TFloat64.class), tf.constant(order));
        return tf.reshape(
                ordered,
                tf.constant(new long[] {-1, Dimensions.sizes(this, batch, kept).size()}));
    }

    private static void set(Ops tf, Variable<TFloat32> weight, double[] values) {
        weight.assign(tf, shaped(tf, values, weight.shape(), weight.type()));
    }

    /** A variance that is infinite in the type of the layer would make zeros of its feature. */
    private static void requireHeld(double[] values, Class<?> type) {
        for (int i = 0; i < values.length; i++) {
            if (type == TFloat32.class && Math.abs(values[i]) > Float.MAX_VALUE) {
                throw new IllegalArgumentException("Normalization has a mean or a variance of " + values[i]
                        + " for feature " + i + ", counted from 0, which float32 does not hold: scale the feature, or"
                        + " compute in float64");
            }
        }
    }

    private static Operand<TFloat32> shaped(Ops tf, double[] values, Shape shape, Class<TFloat32> type) {
        requireHeld(values, type);
        if (values.length != shape.size()) {
            throw new IllegalArgumentException("Normalization has statistics of " + values.length
                    + " features, but its input has " + shape.size());
        }
        return Tensors.cast(tf, tf.reshape(tf.constant(values), tf.constant(shape.asArray())), type);
    }

    /** What was loaded with a model needs no adapt. */
    private void warnOfIdentity() {
        boolean changesNothing = Arrays.stream(meanWeight.toDoubles()).allMatch(value -> value == 0)
                && Arrays.stream(varianceWeight.toDoubles()).allMatch(value -> value == 1);
        if (changesNothing) {
            Warnings.warn(
                    Normalization.class,
                    "Layer '" + path() + "' (Normalization) was not adapted to data, so it changes nothing: call"
                            + " adapt(…) or statistics(…) before fit");
        }
    }

    private static WeightSpec from(double[] values, Initializer otherwise) {
        Initializer first = values == null ? otherwise : (tf, shape, type, seed) -> shaped(tf, values, shape, type);
        return WeightSpec.of(first).trainable(false);
    }

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /**
     * Normalizes.
     *
     * @param pass makes ops
     * @param x float32 [batch, …], or whole numbers, which are cast to it
     * @return float32 of the same shape
     * @throws IllegalArgumentException if x has not the features of the data
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return pass.keepMask(
                x, FullPrecision.compute(pass, pass.tf(this, x), x, (tf, wide) -> normalized(pass, tf, wide)));
    }

    private Operand<TFloat32> normalized(ForwardPass pass, Ops tf, Operand<TFloat32> x) {
        int rank = Tensors.rank(x);
        int[] kept = Dimensions.axes(this, x, axis);
        Shape sizes = Dimensions.sizes(this, x, kept);
        meanWeight = weight(pass, "mean", sizes, x.type(), from(mean, Initializer.zeros()));
        varianceWeight = weight(pass, "variance", sizes, x.type(), from(variance, Initializer.ones()));
        if (pass.training() && mean == null && !saidIdentity) {
            saidIdentity = true;
            warnOfIdentity();
        }
        Operand<TFloat32> center = Dimensions.along(tf, meanWeight.read(tf), rank, kept);
        Operand<TFloat32> deviation = tf.math.maximum(
                tf.math.sqrt(Dimensions.along(tf, varianceWeight.read(tf), rank, kept)),
                Tensors.constant(tf, LEAST_DEVIATION, x.type()));
        return invert ? tf.math.add(tf.math.mul(x, deviation), center) : tf.math.div(tf.math.sub(x, center), deviation);
    }
}
