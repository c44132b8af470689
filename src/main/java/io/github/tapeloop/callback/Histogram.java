package io.github.tapeloop.callback;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import org.tensorflow.proto.HistogramProto;

/**
 * A histogram: numbers counted in 30 buckets of equal width between the least and the largest, as TensorBoard draws
 * them.
 */
final class Histogram {

    private static final int BUCKETS = 30;

    private Histogram() {}

    /** What is not finite is left out; of no numbers, or of equal ones, there is one bucket. */
    static HistogramProto of(double[] values) {
        double[] finite = Arrays.stream(values).filter(Double::isFinite).toArray();
        DoubleSummaryStatistics range = Arrays.stream(finite).summaryStatistics();
        double least = finite.length == 0 ? 0 : range.getMin();
        double largest = finite.length == 0 ? 0 : range.getMax();
        double width = (largest - least) / BUCKETS;
        double[] counts = new double[width > 0 ? BUCKETS : 1];
        for (double value : finite) {
            int bucket = width > 0 ? (int) ((value - least) / width) : 0;
            counts[Math.min(bucket, counts.length - 1)]++;
        }
        HistogramProto.Builder histogram = HistogramProto.newBuilder()
                .setMin(least)
                .setMax(largest)
                .setNum(finite.length)
                .setSum(Arrays.stream(finite).sum())
                .setSumSquares(Arrays.stream(finite).map(x -> x * x).sum());
        for (int i = 0; i < counts.length; i++) {
            histogram.addBucketLimit(i == counts.length - 1 ? largest : least + (i + 1) * width);
            histogram.addBucket(counts[i]);
        }
        return histogram.build();
    }
}
