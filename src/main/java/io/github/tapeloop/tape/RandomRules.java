package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Random draws whose parameters have gradients: how the draw moves when a parameter does while its quantile stays.
 * Figurnov, Mohamed, Mnih 2018, Implicit reparameterization gradients, arXiv:1805.08498: dz/dθ = -(dF/dθ) / (dF/dz).
 */
final class RandomRules {

    private RandomRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("RandomGamma", (tf, op) -> gamma(tf, op, 1));
        rules.put("StatelessRandomGammaV2", (tf, op) -> gamma(tf, op, 2));
        rules.put("StatelessRandomGammaV3", (tf, op) -> gamma(tf, op, 4));
        rules.put("StatelessParameterizedTruncatedNormal", RandomRules::truncatedNormal);
    }

    /** TensorFlow has an op for the quotient; the shape of alpha is the end of that of the draws. */
    private static <T extends TType> void gamma(Ops tf, OpGradient op, int alpha) {
        op.propagate(alpha, () -> {
            Formula<T> slope =
                    Formula.of(tf, RawOps.binary(tf, "RandomGammaGrad", op.<T>input(alpha), op.<T>output(0)));
            return op.<T>dy().times(slope).reducedTo(op.input(alpha));
        });
    }

    /**
     * With φ the density and Φ the distribution of the standard normal, ξ = (x - μ)/σ, α = (min - μ)/σ, β = (max - μ)/σ and
     * the quantile u = (Φ(ξ) - Φ(α)) / (Φ(β) - Φ(α)): dx/dmin = (1 - u) φ(α)/φ(ξ), dx/dmax = u φ(β)/φ(ξ),
     * dx/dμ = 1 - dx/dmin - dx/dmax and dx/dσ = ξ - α dx/dmin - β dx/dmax.
     */
    private static <T extends TType> void truncatedNormal(Ops tf, OpGradient op) {
        Formula<T> mean = op.in(2);
        Formula<T> deviation = op.in(3);
        Formula<T> at = op.<T>out(0).minus(mean).over(deviation);
        Formula<T> low = op.<T>in(4).minus(mean).over(deviation);
        Formula<T> high = op.<T>in(5).minus(mean).over(deviation);
        Formula<T> side = low.ones().negated().where(low.is("Greater", 0), 1); // Tails are exact on the left only.
        Formula<T> start = distribution(low.times(side));
        Formula<T> below = distribution(at.times(side)).minus(start);
        Formula<T> quantile = below.over(distribution(high.times(side)).minus(start));
        Formula<T> toLow = quantile.from(1).times(densities(low, at));
        Formula<T> toHigh = quantile.times(densities(high, at));
        Formula<T> dy = op.dy();
        op.propagate(2, () -> dy.times(toLow.plus(toHigh).from(1)).reducedTo(mean));
        op.propagate(
                3,
                () -> { // A bound may be infinite; then it does not count.
                    Formula<T> ofLow = Formula.of(tf, RawOps.binary(tf, "MulNoNan", low, toLow));
                    Formula<T> ofHigh = Formula.of(tf, RawOps.binary(tf, "MulNoNan", high, toHigh));
                    return dy.times(at.minus(ofLow).minus(ofHigh)).reducedTo(deviation);
                });
        op.propagate(4, () -> dy.times(toLow).reducedTo(op.input(4)));
        op.propagate(5, () -> dy.times(toHigh).reducedTo(op.input(5)));
    }

    /** Φ(z) but for the factor 1/2, which goes out in quotients. */
    private static <T extends TType> Formula<T> distribution(Formula<T> z) {
        return z.times(-Math.sqrt(0.5)).apply("Erfc");
    }

    /** φ(a) / φ(b). */
    private static <T extends TType> Formula<T> densities(Formula<T> a, Formula<T> b) {
        return b.squared().minus(a.squared()).times(0.5).exp();
    }
}
