package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Keeps gradients from being too large, before they are used. Norms are computed where no square of an element overflows or
 * vanishes, so gradients of any finite size keep their direction. Rows of a table that come several times in a batch are
 * summed first. What is not a number stays so, as in Keras, and its weight becomes none: {@code Fit.onNonFinite} says what to
 * do then.
 */
public final class Clip implements Optimizer.Transform {

    private enum Mode {
        norm,
        globalNorm,
        value
    }

    private final Mode mode;
    private final double limit;

    private Clip(Mode mode, double limit) {
        this.mode = mode;
        this.limit = Require.positive(mode.name(), limit);
    }

    /**
     * Keras' {@code clipnorm}: each gradient g by itself becomes c g / max(‖g‖, c).
     *
     * @param limit c, the largest Euclidean norm of a gradient, above 0
     * @return a transform
     */
    public static Clip norm(double limit) {
        return new Clip(Mode.norm, limit);
    }

    /**
     * Keras' {@code global_clipnorm}: all gradients are multiplied by c min(1 / n, 1 / c), where n is the norm of all
     * of them together. If n is infinite or not a number, all become NaN.
     *
     * @param limit c, the largest Euclidean norm of all gradients together, above 0
     * @return a transform
     */
    public static Clip globalNorm(double limit) {
        return new Clip(Mode.globalNorm, limit);
    }

    /**
     * Keras' {@code clipvalue}: each element of a gradient is brought into [-c, c].
     *
     * @param limit c, the largest magnitude of an element, above 0
     * @return a transform
     */
    public static Clip value(double limit) {
        return new Clip(Mode.value, limit);
    }

    Gradients apply(Update update, Gradients gradients) {
        Gradients summed = gradients.map((variable, gradient) -> Rows.summed(update.tf(), gradient));
        return mode == Mode.globalNorm
                ? byGlobalNorm(update, summed)
                : summed.map((variable, gradient) -> alone(update, Optimizer.number(variable), gradient));
    }

    @SuppressWarnings("unchecked") // A gradient has its variable's type.
    private <T extends TNumber> Operand<T> alone(Update update, Variable<T> variable, Operand<?> gradient) {
        Operand<T> typed = (Operand<T>) gradient;
        Operand<T> values = Rows.values(typed);
        Class<T> type = variable.type();
        return Rows.with(
                update.tf(), typed, mode == Mode.norm ? byNorm(update, values) : byValue(update, type, values));
    }

    private <T extends TNumber> Operand<T> byNorm(Update update, Operand<T> gradient) {
        Ops tf = update.tf();
        Operand<TFloat64> c = update.constant(limit, TFloat64.class);
        Operand<TFloat64> norm = Norms.norm(tf, gradient);
        return Norms.times(tf, gradient, tf.math.div(c, tf.math.maximum(norm, c)));
    }

    private <T extends TNumber> Operand<T> byValue(Update update, Class<T> type, Operand<T> gradient) {
        return update.tf().clipByValue(gradient, update.constant(-limit, type), update.constant(limit, type));
    }

    private Gradients byGlobalNorm(Update update, Gradients gradients) {
        Ops tf = update.tf();
        Operand<TFloat64> norm = globalNorm(tf, gradients);
        Operand<TFloat64> finite = tf.math.mul(
                update.constant(limit, TFloat64.class),
                tf.math.minimum(
                        tf.math.div(update.constant(1, TFloat64.class), norm),
                        update.constant(1 / limit, TFloat64.class)));
        Operand<TFloat64> scale =
                tf.math.add(finite, tf.math.sub(norm, norm)); // Adds 0, or NaN if the norm is not finite.
        return gradients.map((variable, gradient) -> scaled(tf, Optimizer.number(gradient), scale));
    }

    /** The norm of all gradients together is that of their norms. */
    private static Operand<TFloat64> globalNorm(Ops tf, Gradients gradients) {
        List<Operand<TFloat64>> norms = new ArrayList<>();
        for (Variable<?> variable : gradients.variables()) {
            Operand<TNumber> gradient = Optimizer.number(gradients.of(variable).orElseThrow());
            norms.add(Norms.norm(tf, Rows.values(gradient)));
        }
        return norms.size() == 1 ? norms.get(0) : Norms.norm(tf, tf.stack(norms));
    }

    private static Operand<TNumber> scaled(Ops tf, Operand<TNumber> gradient, Operand<TFloat64> scale) {
        return Rows.with(tf, gradient, Norms.times(tf, Rows.values(gradient), scale));
    }

    @Override
    public String toString() {
        return "Clip." + mode + "(" + limit + ")";
    }
}
