package io.github.tapeloop.tape;

import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Special functions, and two inverse trigonometric ones, whose C++ rules give complex numbers a wrong gradient. Derivatives
 * after Abramowitz and Stegun, Handbook of Mathematical Functions, and the NIST Digital Library of Mathematical Functions
 * (DLMF); its numbers are given.
 */
final class SpecialFunctionRules {

    private SpecialFunctionRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        slope(rules, "Erfc", x -> x.squared().negated().exp().times(-2 / Math.sqrt(Math.PI))); // DLMF 7.2.2
        slope(rules, "FresnelCos", x -> x.squared().times(Math.PI / 2).apply("Cos")); // DLMF 7.2.7
        slope(rules, "FresnelSin", x -> x.squared().times(Math.PI / 2).apply("Sin")); // DLMF 7.2.8
        slope(rules, "Expint", x -> x.exp().over(x)); // DLMF 6.2.5
        slope(rules, "Spence", SpecialFunctionRules::spenceSlope);
        slopeOfBoth(rules, "Dawsn", (x, y) -> x.times(y).times(-2).plus(1)); // By its definition, DLMF 7.2.5
        slope(rules, "Acos", x -> x.conj().squared().from(1).apply("Rsqrt").negated()); // DLMF 4.24.8
        slope(rules, "Atan", x -> x.conj().squared().plus(1).apply("Reciprocal")); // DLMF 4.24.9
        rules.put("Digamma", SpecialFunctionRules::digamma);
        rules.put("Polygamma", SpecialFunctionRules::polygamma);
        rules.put("Zeta", SpecialFunctionRules::zeta);
        rules.put("Igamma", (tf, op) -> incompleteGamma(tf, op, 1));
        rules.put("Igammac", (tf, op) -> incompleteGamma(tf, op, -1));
        rules.put("Betainc", SpecialFunctionRules::incompleteBeta);
    }

    /** A rule for a function of one number, from its slope at x. */
    private static void slope(Map<String, GradientRule> rules, String type, UnaryOperator<Formula<TNumber>> slope) {
        slopeOfBoth(rules, type, (x, y) -> slope.apply(x));
    }

    /** A rule for a function of one number, from its slope at x, where its value is y. */
    static void slopeOfBoth(
            Map<String, GradientRule> rules,
            String type,
            BiFunction<Formula<TNumber>, Formula<TNumber>, Formula<TNumber>> slope) {
        rules.put(type, (tf, op) -> op.propagate(0, () -> op.<TNumber>dy().times(slope.apply(op.in(0), op.out(0)))));
    }

    /** log(x) / (1 - x), which is -1 + (x - 1)/2 near 1. DLMF 25.12.2. */
    private static <T extends TType> Formula<T> spenceSlope(Formula<T> x) {
        var isNotOne = x.is("NotEqual", 1);
        return x.apply("Log")
                .over(x.from(1).where(isNotOne, 1))
                .where(isNotOne, x.minus(3).times(0.5));
    }

    private static <T extends TType> void digamma(Ops tf, OpGradient op) {
        Formula<T> x = op.in(0);
        op.propagate(0, () -> op.<T>dy().times(RawOps.binary(tf, "Polygamma", x.ones(), x)));
    }

    /** ψ⁽ᵃ⁾(x): its derivative is ψ⁽ᵃ⁺¹⁾(x). The order a, a whole number, has no gradient. */
    private static <T extends TType> void polygamma(Ops tf, OpGradient op) {
        Formula<T> x = op.in(1);
        op.propagate(1, () -> op.<T>dy()
                .times(RawOps.binary(tf, "Polygamma", op.<T>in(0).plus(1), x))
                .reducedTo(x));
    }

    /** ζ(s, q): -s ζ(s + 1, q) with respect to q, DLMF 25.11.17; no closed form with respect to s. */
    private static <T extends TType> void zeta(Ops tf, OpGradient op) {
        Formula<T> s = op.in(0);
        Formula<T> q = op.in(1);
        op.propagate(1, () -> op.<T>dy()
                .times(s.negated())
                .times(RawOps.binary(tf, "Zeta", s.plus(1), q))
                .reducedTo(q));
    }

    /** P(a, x), DLMF 8.8.13 with respect to x; TensorFlow has an op for the other; and Q = 1 - P. */
    private static <T extends TType> void incompleteGamma(Ops tf, OpGradient op, int sign) {
        Formula<T> a = op.in(0);
        Formula<T> x = op.in(1);
        Formula<T> dy = sign > 0 ? op.dy() : op.<T>dy().negated();
        op.propagate(0, () -> dy.times(RawOps.binary(tf, "IgammaGradA", a, x)).reducedTo(a));
        op.propagate(1, () -> {
            Formula<T> front = Formula.of(tf, RawOps.binary(tf, "Xlogy", a.minus(1), x)); // 0 for a = 1, also at x = 0.
            Formula<T> logarithm = front.minus(x).minus(a.apply("Lgamma"));
            return dy.times(logarithm.exp()).reducedTo(x);
        });
    }

    /**
     * I(x; a, b): x^(a-1) (1-x)^(b-1) / B(a, b) with respect to x, DLMF 8.17.1, 8.17.2. With respect to a and b there is no
     * closed form and, as in TensorFlow for Python, no gradient.
     */
    private static <T extends TType> void incompleteBeta(Ops tf, OpGradient op) {
        Formula<T> a = op.in(0);
        Formula<T> b = op.in(1);
        Formula<T> x = op.in(2);
        op.propagate(2, () -> {
            Formula<T> front = Formula.of(tf, RawOps.binary(tf, "Xlogy", a.minus(1), x));
            Formula<T> back = Formula.of(tf, RawOps.binary(tf, "Xlog1py", b.minus(1), x.negated()));
            Formula<T> beta =
                    a.apply("Lgamma").plus(b.apply("Lgamma")).minus(a.plus(b).apply("Lgamma"));
            return op.<T>dy().times(front.plus(back).minus(beta).exp());
        });
    }
}
