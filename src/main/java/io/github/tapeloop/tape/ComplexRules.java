package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.family.TType;

/** Complex numbers and their parts. TensorFlow's C++ rules for these make complex64 whatever the precision. */
final class ComplexRules {

    private ComplexRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("Complex", ComplexRules::complex);
        rules.put("Real", ComplexRules::real);
        rules.put("Imag", ComplexRules::imag);
        rules.put("Conj", ComplexRules::conj);
        rules.put("Sign", ComplexRules::sign);
        rules.put("Angle", ComplexRules::angle);
        rules.put("ComplexAbs", ComplexRules::abs);
    }

    private static void complex(Ops tf, OpGradient op) {
        op.propagate(0, () -> Broadcasting.reduceTo(tf, part(tf, "Real", op.gradient(0)), op.input(0)));
        op.propagate(1, () -> Broadcasting.reduceTo(tf, part(tf, "Imag", op.gradient(0)), op.input(1)));
    }

    private static void real(Ops tf, OpGradient op) {
        op.propagate(0, () -> complexOf(tf, op.gradient(0), tf.zerosLike(op.gradient(0))));
    }

    private static void imag(Ops tf, OpGradient op) {
        op.propagate(0, () -> complexOf(tf, tf.zerosLike(op.gradient(0)), op.gradient(0)));
    }

    private static void conj(Ops tf, OpGradient op) {
        op.propagate(0, () -> RawOps.unary(tf, "Conj", op.gradient(0)));
    }

    /** A real number's sign is constant; a complex one's, y = x / |x|, turns: i y Im(y̅ dy) / |x|, and 0 at 0. */
    private static <T extends TType> void sign(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> x = op.in(0);
            if (!RawOps.isComplex(x)) {
                return x.zeros();
            }
            Formula<T> y = op.out(0);
            Formula<T> turn = op.<T>dy().times(y.conj());
            Formula<T> size = x.times(x.conj()).apply("Sqrt");
            return turn.minus(turn.real()).times(y).overOrZero(size);
        });
    }

    /** -dy / (imag + i real). */
    private static void angle(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TType> swapped = complexOf(tf, part(tf, "Imag", op.input(0)), part(tf, "Real", op.input(0)));
            Operand<TType> dy = complexOf(tf, op.gradient(0), tf.zerosLike(op.gradient(0)));
            return RawOps.unary(tf, "Neg", RawOps.binary(tf, "RealDiv", dy, swapped));
        });
    }

    /** dy x / |x|, and 0 at 0. */
    private static void abs(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Operand<TType> scale = op.dy().overOrZero(op.out(0));
            return op.in(0).times(complexOf(tf, scale, tf.zerosLike(scale)));
        });
    }

    static Operand<TType> part(Ops tf, String type, Operand<TType> complex) {
        boolean isDouble = complex.asOutput().dataType() == DataType.DT_COMPLEX128;
        return tf.scope()
                .opBuilder(type, type)
                .addInput(complex.asOutput())
                .setAttr("Tout", isDouble ? DataType.DT_DOUBLE : DataType.DT_FLOAT)
                .build()
                .output(0);
    }

    static Operand<TType> complexOf(Ops tf, Operand<TType> real, Operand<TType> imag) {
        boolean isDouble = real.asOutput().dataType() == DataType.DT_DOUBLE;
        return tf.scope()
                .opBuilder("Complex", "Complex")
                .addInput(real.asOutput())
                .addInput(imag.asOutput())
                .setAttr("Tout", isDouble ? DataType.DT_COMPLEX128 : DataType.DT_COMPLEX64)
                .build()
                .output(0);
    }
}
