package io.github.tapeloop.optimizer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Keeps gradients from being too large, before they are used. */
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
                update.tf(), typed, mode == Mode.norm ? byNorm(update, type, values) : byValue(update, type, values));
    }

    private <T extends TNumber> Operand<T> byNorm(Update update, Class<T> type, Operand<T> gradient) {
        Ops tf = update.tf();
        Operand<T> c = update.constant(limit, type);
        // l2Loss is half the sum of squares.
        Operand<T> norm = tf.math.sqrt(tf.math.mul(tf.nn.l2Loss(gradient), update.constant(2, type)));
        return tf.math.mul(gradient, tf.math.div(c, tf.math.maximum(norm, c)));
    }

    private <T extends TNumber> Operand<T> byValue(Update update, Class<T> type, Operand<T> gradient) {
        return update.tf().clipByValue(gradient, update.constant(-limit, type), update.constant(limit, type));
    }

    private Gradients byGlobalNorm(Update update, Gradients gradients) {
        Ops tf = update.tf();
        List<Variable<?>> variables = gradients.variables();
        Class<? extends TNumber> type = Optimizer.number(variables.get(0)).type();
        for (Variable<?> variable : variables) {
            if (variable.type() != type) {
                type = TFloat64.class;
            }
        }
        Operand<? extends TNumber> scale = scale(update, gradients, type);
        return gradients.map((variable, gradient) -> scaled(tf, Optimizer.number(variable), gradient, scale));
    }

    @SuppressWarnings("unchecked") // Only numbers have gradients.
    private <T extends TNumber> Operand<T> scale(Update update, Gradients gradients, Class<T> type) {
        Ops tf = update.tf();
        List<Operand<T>> halves = new ArrayList<>();
        for (Variable<?> variable : gradients.variables()) {
            Operand<? extends TNumber> gradient =
                    (Operand<? extends TNumber>) gradients.of(variable).orElseThrow();
            halves.add(Tensors.cast(tf, tf.nn.l2Loss(Rows.values(gradient)), type));
        }
        Operand<T> norm = tf.math.sqrt(tf.math.mul(tf.math.addN(halves), update.constant(2, type)));
        Operand<T> finite = tf.math.mul(
                update.constant(limit, type),
                tf.math.minimum(tf.math.div(update.constant(1, type), norm), update.constant(1 / limit, type)));
        return tf.math.add(finite, tf.math.sub(norm, norm)); // Adds 0, or NaN if the norm is not finite.
    }

    @SuppressWarnings("unchecked") // A gradient has its variable's type.
    private static <T extends TNumber> Operand<T> scaled(
            Ops tf, Variable<T> variable, Operand<?> gradient, Operand<? extends TNumber> scale) {
        Operand<T> typed = (Operand<T>) gradient;
        return Rows.with(tf, typed, tf.math.mul(Rows.values(typed), Tensors.cast(tf, scale, variable.type())));
    }

    @Override
    public String toString() {
        return "Clip." + mode + "(" + limit + ")";
    }
}
