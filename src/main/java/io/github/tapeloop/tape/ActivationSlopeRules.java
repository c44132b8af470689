package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Gradients of the ops that compute gradients of functions of one number: z = dy f'(·). They are linear in dy, so that
 * with respect to dy their gradient is the same op again, with dz in place of dy. Of complex numbers TensorFlow's ops
 * take the conjugate of y; a gradient through a conjugate is the conjugate of dz times the slope.
 */
final class ActivationSlopeRules {

    /** Of Selu: its scale, and scale times alpha. Klambauer et al. 2017, Self-Normalizing Neural Networks. */
    private static final double SELU_SCALE = 1.0507009873554804934193349852946;

    private static final double SELU_SCALE_ALPHA = 1.7580993408473768599402175208123;

    private ActivationSlopeRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Relu6Grad", ActivationSlopeRules::relu6Grad);
        rules.put("EluGrad", ActivationSlopeRules::eluGrad);
        rules.put("SeluGrad", ActivationSlopeRules::seluGrad);
        rules.put("SoftplusGrad", ActivationSlopeRules::softplusGrad);
        rules.put("SoftsignGrad", ActivationSlopeRules::softsignGrad);
        rules.put("SqrtGrad", ActivationSlopeRules::sqrtGrad);
        rules.put("RsqrtGrad", ActivationSlopeRules::rsqrtGrad);
        rules.put("ReciprocalGrad", ActivationSlopeRules::reciprocalGrad);
        rules.put("InvGrad", ActivationSlopeRules::reciprocalGrad);
    }

    /** z = dy where 0 < x < 6. */
    private static <T extends TType> void relu6Grad(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.binary(tf, "Relu6Grad", op.<T>gradient(0), op.<T>input(1)));
        op.propagate(1, () -> op.<T>in(1).zeros());
    }

    /** z = dy (y + 1) where y < 0, else dy. */
    private static <T extends TType> void eluGrad(Ops tf, OpGradient op) {
        Formula<T> dy = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dz = op.dy();
        op.propagate(0, () -> RawOps.binary(tf, "EluGrad", dz, y));
        op.propagate(1, () -> dz.times(dy).where(y.is("Less", 0), 0));
    }

    /** z = dy (y + scale alpha) where y < 0, else dy scale. */
    private static <T extends TType> void seluGrad(Ops tf, OpGradient op) {
        Formula<T> dy = op.in(0);
        Formula<T> y = op.in(1);
        Formula<T> dz = op.dy();
        op.propagate(0, () -> dz.times(y.plus(SELU_SCALE_ALPHA).where(y.is("Less", 0), SELU_SCALE)));
        op.propagate(1, () -> dz.times(dy).where(y.is("Less", 0), 0));
    }

    /** z = dy σ(x), and σ' = σ (1 - σ). */
    private static <T extends TType> void softplusGrad(Ops tf, OpGradient op) {
        Formula<T> x = op.in(1);
        Formula<T> dz = op.dy();
        op.propagate(0, () -> RawOps.binary(tf, "SoftplusGrad", dz, x));
        op.propagate(1, () -> RawOps.binary(tf, "SigmoidGrad", x.apply("Sigmoid"), dz.times(op.<T>in(0))));
    }

    /** z = dy / (1 + |x|)². */
    private static <T extends TType> void softsignGrad(Ops tf, OpGradient op) {
        Formula<T> x = op.in(1);
        Formula<T> dz = op.dy();
        op.propagate(0, () -> RawOps.binary(tf, "SoftsignGrad", dz, x));
        op.propagate(1, () -> dz.times(op.<T>out(0))
                .times(x.apply("Sign").times(-2))
                .over(x.apply("Abs").plus(1)));
    }

    /** z = dy / 2ȳ, so dz/dȳ = -z / ȳ. */
    private static <T extends TType> void sqrtGrad(Ops tf, OpGradient op) {
        Formula<T> y = op.in(0);
        Formula<T> dz = op.dy();
        op.propagate(0, () -> dz.conj().times(op.<T>out(0)).over(y.conj()).negated());
        op.propagate(1, () -> dz.over(y.plus(y)));
    }

    /** z = -dy ȳ³ / 2. */
    private static <T extends TType> void rsqrtGrad(Ops tf, OpGradient op) {
        Formula<T> y = op.<T>in(0).conj();
        Formula<T> dz = op.dy();
        op.propagate(0, () -> dz.conj().times(op.<T>in(1)).times(y.squared().times(-1.5)));
        op.propagate(1, () -> RawOps.binary(tf, "RsqrtGrad", y, dz));
    }

    /** z = -dy ȳ². */
    private static <T extends TType> void reciprocalGrad(Ops tf, OpGradient op) {
        Formula<T> y = op.<T>in(0).conj();
        Formula<T> dz = op.dy();
        op.propagate(0, () -> dz.conj().times(op.<T>in(1)).times(y.times(-2)));
        op.propagate(1, () -> RawOps.binary(tf, "ReciprocalGrad", y, dz));
    }
}
