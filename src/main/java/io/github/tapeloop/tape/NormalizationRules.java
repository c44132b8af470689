package io.github.tapeloop.tape;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/**
 * The gradient ops of fused batch normalisation, differentiated once more. Ioffe, Szegedy 2015, Batch normalization,
 * arXiv:1502.03167, section 3 has the formulas.
 */
final class NormalizationRules {

    private static final float EPSILON = 1e-4f;

    private NormalizationRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        for (String version : new String[] {"", "V2", "V3"}) {
            rules.put("FusedBatchNormGrad" + version, NormalizationRules::batchNormGrad);
        }
    }

    /**
     * In training the saved mean and variance are those of x, so that their part of the gradient is in that of x. The last
     * two outputs are empty.
     */
    private static void batchNormGrad(Ops tf, OpGradient op) {
        boolean training = op.attribute("is_training", Boolean.class).orElse(true);
        int[] inputs = training ? new int[] {0, 1, 2} : new int[] {0, 1, 2, 3, 4};
        Composite.propagate(tf, op, inputs, () -> training ? trained(tf, op) : fixed(tf, op));
    }

    private static List<Operand<?>> trained(Ops tf, OpGradient op) {
        Layout layout = Layout.of(tf, op);
        Formula<TType> dy = layout.wide(0);
        Formula<TType> x = layout.wide(1);
        Formula<TType> mean = layout.mean(x);
        Formula<TType> centred = x.minus(mean);
        Formula<TType> scale =
                layout.mean(centred.squared()).plus(layout.epsilon()).apply("Rsqrt");
        Formula<TType> projection = centred.times(scale.squared()).times(layout.mean(dy.times(centred)));
        Formula<TType> dx = layout.channels(op.input(2))
                .times(scale)
                .times(dy.minus(layout.mean(dy)).minus(projection));
        return layout.results(dx, dy.times(centred).times(scale), dy);
    }

    private static List<Operand<?>> fixed(Ops tf, OpGradient op) {
        Layout layout = Layout.of(tf, op);
        Formula<TType> dy = layout.wide(0);
        Formula<TType> centred = layout.wide(1).minus(layout.channels(op.input(3)));
        Formula<TType> scale =
                layout.channels(op.input(4)).plus(layout.epsilon()).apply("Rsqrt");
        Formula<TType> dx = layout.channels(op.input(2)).times(scale).times(dy);
        return layout.results(dx, dy.times(centred).times(scale), dy);
    }

    /** Which dimension the channels are, and what to sum over; computed in the type of the scale. */
    private record Layout(Ops tf, OpGradient op, int channel, int[] others, int rank) {

        static Layout of(Ops tf, OpGradient op) {
            int rank = Shapes.rank(op.input(1));
            String format = op.attribute("data_format", String.class).orElse("NHWC");
            int channel = format.startsWith("NC") ? 1 : rank - 1;
            int[] others = IntStream.range(0, rank).filter(i -> i != channel).toArray();
            return new Layout(tf, op, channel, others, rank);
        }

        double epsilon() {
            return op.attribute("epsilon", Float.class).orElse(EPSILON);
        }

        Formula<TType> wide(int input) {
            return Formula.of(
                    tf, RawOps.cast(tf, op.input(input), op.input(2).asOutput().dataType()));
        }

        Formula<TType> mean(Formula<TType> x) {
            Formula<TType> sum = x.sum(others);
            Operand<TInt32> shape = Shapes.of(tf, x);
            Operand<TInt32> count = Shapes.product(tf, tf.gather(shape, tf.constant(others), tf.constant(0)));
            return sum.over(RawOps.cast(tf, count, x.dataType()));
        }

        /** A vector with one element a channel, to be broadcast. */
        Formula<TType> channels(Operand<TType> vector) {
            long[] shape = new long[rank];
            Arrays.fill(shape, 1);
            shape[channel] = -1;
            return Formula.of(tf, vector).reshape(shape);
        }

        List<Operand<?>> results(Formula<TType> dx, Formula<TType> dScale, Formula<TType> dOffset) {
            return List.of(
                    RawOps.cast(tf, dx, op.input(1).asOutput().dataType()),
                    dScale.sum(others).reshape(-1),
                    dOffset.sum(others).reshape(-1));
        }
    }
}
