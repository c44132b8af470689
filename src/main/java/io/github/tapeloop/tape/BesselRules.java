package io.github.tapeloop.tape;

import static io.github.tapeloop.tape.SpecialFunctionRules.slopeOfBoth;

import java.util.Map;
import org.tensorflow.types.family.TType;

/**
 * Bessel functions of orders 0 and 1: J and Y, the modified I and K, and those scaled by exp(-|x|) and exp(x), whose names
 * end in e. Derivatives after DLMF 10.6.2, 10.6.3 and 10.29.2, 10.29.3.
 */
final class BesselRules {

    private BesselRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        slopeOfBoth(rules, "BesselJ0", (x, y) -> x.apply("BesselJ1").negated());
        slopeOfBoth(rules, "BesselJ1", (x, y) -> ofOrderOne(x, y, x.apply("BesselJ0")));
        slopeOfBoth(rules, "BesselY0", (x, y) -> x.apply("BesselY1").negated());
        slopeOfBoth(rules, "BesselY1", (x, y) -> x.apply("BesselY0").minus(y.over(x)));
        slopeOfBoth(rules, "BesselI0", (x, y) -> x.apply("BesselI1"));
        slopeOfBoth(rules, "BesselI1", (x, y) -> ofOrderOne(x, y, x.apply("BesselI0")));
        slopeOfBoth(rules, "BesselI0e", (x, y) -> x.apply("BesselI1e").minus(y.times(x.apply("Sign"))));
        slopeOfBoth(rules, "BesselI1e", (x, y) -> ofOrderOne(x, y, x.apply("BesselI0e"))
                .minus(y.times(x.apply("Sign"))));
        slopeOfBoth(rules, "BesselK0", (x, y) -> x.apply("BesselK1").negated());
        slopeOfBoth(
                rules, "BesselK1", (x, y) -> x.apply("BesselK0").plus(y.over(x)).negated());
        slopeOfBoth(rules, "BesselK0e", (x, y) -> y.minus(x.apply("BesselK1e")));
        slopeOfBoth(rules, "BesselK1e", (x, y) -> y.minus(y.over(x)).minus(x.apply("BesselK0e")));
    }

    /** f₀(x) - f₁(x) / x; at 0, where f₀ is 1 and f₁(x) is x/2 nearly, one half. */
    private static <T extends TType> Formula<T> ofOrderOne(Formula<T> x, Formula<T> y, Formula<T> orderZero) {
        var isNotZero = x.is("NotEqual", 0);
        return orderZero.minus(y.over(x.where(isNotZero, 1))).where(isNotZero, 0.5);
    }
}
