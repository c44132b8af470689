package io.github.tapeloop.tape;

import org.tensorflow.op.Ops;

/**
 * A rule: how gradients flow back through one type of op. A rule reads the op's inputs, outputs and attributes and
 * the gradients of its outputs, and makes the gradients of its inputs with {@code tf}; so it works eager and traced,
 * and rules of its own ops give higher derivatives.
 *
 * <pre>{@code
 * GradientRegistry.of(session).register("Cube", (tf, op) ->
 *     op.propagate(0, () -> tf.math.mul(op.<TFloat32>gradient(0),
 *         tf.math.mul(tf.constant(3f), tf.math.square(op.<TFloat32>input(0))))));
 * }</pre>
 */
@FunctionalInterface
public interface GradientRule {

    /**
     * Propagates the gradients of an op's outputs to its inputs. An input for which nothing is propagated gets no
     * gradient.
     *
     * <p>What a rule throws, {@link IllegalArgumentException} or one of Tapeloop's exceptions, reaches the caller as a
     * {@link GradientException} that names the op and the path from the target to it.
     *
     * @param tf makes ops
     * @param op the op, the gradients of its outputs, and where to put those of its inputs
     */
    void apply(Ops tf, OpGradient op);
}
