package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.SpecialFunctionRules.slopeOfBoth;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TType;

/**
 * Bessel functions of orders 0 and 1: J and Y, the modified I and K, and those scaled by exp(-|x|) and exp(x), whose names
 * end in e. Derivatives after DLMF 10.6.2, 10.6.3 and 10.29.2, 10.29.3.
 */
final class BesselRules {

    private static final double NEAR = 0.05;

    private BesselRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        slopeOfBoth(rules, "BesselJ0", (x, y) -> x.apply("BesselJ1").negated());
        slopeOfBoth(rules, "BesselJ1", (x, y) -> ofOrderOne(x, y, x.apply("BesselJ0"), slopeNearZero(x, -1)));
        slopeOfBoth(rules, "BesselY0", (x, y) -> x.apply("BesselY1").negated());
        slopeOfBoth(rules, "BesselY1", (x, y) -> x.apply("BesselY0").minus(y.over(x)));
        slopeOfBoth(rules, "BesselI0", (x, y) -> x.apply("BesselI1"));
        slopeOfBoth(rules, "BesselI1", (x, y) -> ofOrderOne(x, y, x.apply("BesselI0"), slopeNearZero(x, 1)));
        slopeOfBoth(rules, "BesselI0e", (x, y) -> x.apply("BesselI1e").minus(y.times(x.apply("Sign"))));
        slopeOfBoth(rules, "BesselI1e", (x, y) -> ofOrderOne(
                        x,
                        y,
                        x.apply("BesselI0e"),
                        slopeNearZero(x, 1).times(x.apply("Abs").negated().exp()))
                .minus(y.times(x.apply("Sign"))));
        slopeOfBoth(rules, "BesselK0", (x, y) -> x.apply("BesselK1").negated());
        slopeOfBoth(
                rules, "BesselK1", (x, y) -> x.apply("BesselK0").plus(y.over(x)).negated());
        slopeOfBoth(rules, "BesselK0e", (x, y) -> y.minus(x.apply("BesselK1e")));
        slopeOfBoth(rules, "BesselK1e", (x, y) -> y.minus(y.over(x)).minus(x.apply("BesselK0e")));
    }

    /** f₀(x) - f₁(x) / x, the slope of f₁; near 0, where the quotient loses what its own slope is made of, the series. */
    private static <T extends TType> Formula<T> ofOrderOne(
            Formula<T> x, Formula<T> y, Formula<T> orderZero, Formula<T> nearZero) {
        Operand<?> isNear = isNear(x);
        return nearZero.where(isNear, orderZero.minus(y.over(x.ones().where(isNear, x))));
    }

    private static Operand<?> isNear(Formula<?> x) {
        return x.apply("Abs").is("Less", NEAR);
    }

    /** 1/2 ± 3/16 x² + 5/384 x⁴ ± 7/18432 x⁶, the slope of x/2 ± (x/2)³/2 + …: exact to float64 below {@link #NEAR}. */
    private static <T extends TType> Formula<T> slopeNearZero(Formula<T> x, int sign) {
        Formula<T> square = x.where(isNear(x), 0).squared();
        return square.times(sign * 7 / 18432.0)
                .plus(5 / 384.0)
                .times(square)
                .plus(sign * 3 / 16.0)
                .times(square)
                .plus(0.5);
    }
}
