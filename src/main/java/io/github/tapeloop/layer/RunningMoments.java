package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.warning.Warnings;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat64;

/** Mean and variance of features over batches, without keeping the batches (Welford 1962). */
final class RunningMoments {

    private long count;
    private double[] mean;
    /** The sum of squared distances from the mean. */
    private double[] squares;

    /** Takes a matrix [examples, features]. */
    void add(TapeSession session, Layer layer, Operand<TFloat64> matrix) {
        Shape shape = Tensors.shape(matrix);
        int features = (int) shape.get(1);
        if (mean == null) {
            mean = new double[features];
            squares = new double[features];
        } else if (mean.length != features) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' was adapting to data of " + mean.length
                    + " features, got a batch of " + features);
        }
        double[] values = session.doubles(matrix);
        for (int from = 0; from < values.length; from += features) {
            count++;
            for (int i = 0; i < features; i++) {
                double distance = values[from + i] - mean[i];
                mean[i] += distance / count;
                squares[i] += distance * (values[from + i] - mean[i]);
            }
        }
    }

    /** Fails if there were no data, or such as have no mean. */
    void requireSome(String path) {
        if (count == 0) {
            throw new IllegalArgumentException("Layer '" + path + "' has no data to adapt to: there was no batch");
        }
        for (int i = 0; i < mean.length; i++) {
            if (!Double.isFinite(squares[i])) {
                throw new IllegalArgumentException("Layer '" + path + "' cannot adapt to feature " + i
                        + ", counted from 0, which has values that are not finite or too large to be squared: drop or"
                        + " replace them");
            }
        }
    }

    /** Says of features that they hardly vary, but do: what they are divided by is not their own. */
    void warnOfSmall(String path, double least) {
        double[] variance = variance();
        for (int i = 0; i < variance.length; i++) {
            double deviation = Math.sqrt(variance[i]);
            if (squares[i] > 0 && deviation < least) {
                Warnings.warn(
                        Normalization.class,
                        "Layer '" + path + "': feature " + i + ", counted from 0, has a standard deviation of "
                                + deviation + " and is divided by " + least
                                + ", the least there is, so that little is left of it: measure it in smaller units");
            }
        }
    }

    double[] mean() {
        return mean.clone();
    }

    double[] variance() {
        double[] variance = new double[squares.length];
        for (int i = 0; i < variance.length; i++) {
            variance[i] = squares[i] / count;
        }
        return variance;
    }
}
