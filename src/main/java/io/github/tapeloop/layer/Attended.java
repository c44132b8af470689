package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.Tensors;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * What queries attend to.
 *
 * @param keys [batch, heads, steps, size]
 * @param values [batch, heads, steps, size]
 * @param allowed where a query may attend to a step, [batch, queries, steps], the first perhaps 1; null for everywhere
 */
record Attended(Operand<TFloat32> keys, Operand<TFloat32> values, Operand<TBool> allowed) {

    /**
     * These steps, to which the queries belong, and those that came before, of which keys and values were kept.
     *
     * @param queries [batch, queries, in]
     * @param mask of the queries, [batch, queries]; null for none
     */
    Attended withThoseBefore(DecodedSteps steps, Ops tf, Operand<TFloat32> queries, Operand<TBool> mask) {
        Operand<TFloat32> keysBefore = keptOf(steps, tf, keys);
        Operand<TFloat32> valuesBefore = keptOf(steps, tf, values);
        Operand<TInt64> filled = tf.gather(tf.shape(keysBefore, TInt64.class), tf.constant(2), tf.constant(0));
        Operand<TBool> before = tf.math.less(
                tf.range(tf.constant(0L), filled, tf.constant(1L)), steps.before()); // [as many as are kept]
        Operand<TBool> each = mask == null
                ? tf.fill(tf.constant(new long[] {1, Tensors.shape(queries).get(1), 1}), tf.constant(true))
                : tf.math.logicalAnd(tf.expandDims(mask, tf.constant(2)), maskBefore(steps, tf, mask));
        return new Attended(
                tf.concat(List.of(keys, keysBefore), tf.constant(2)),
                tf.concat(List.of(values, valuesBefore), tf.constant(2)),
                tf.concat(List.of(allowed, tf.math.logicalAnd(each, before)), tf.constant(2)));
    }

    /** Those of another series, which are the same for all steps. */
    Attended ofOthers(DecodedSteps steps, Ops tf) {
        return new Attended(constantOf(steps, tf, keys), constantOf(steps, tf, values), allowed);
    }

    private static Operand<TFloat32> constantOf(DecodedSteps steps, Ops tf, Operand<TFloat32> now) {
        return Tensors.cast(tf, steps.keepConstant(tf, Tensors.cast(tf, now, TFloat32.class)), now.type());
    }

    private static Operand<TFloat32> keptOf(DecodedSteps steps, Ops tf, Operand<TFloat32> now) {
        return Tensors.cast(tf, steps.keep(tf, Tensors.cast(tf, now, TFloat32.class)), now.type());
    }

    /** The mask of the steps before, [batch, 1, as many as are kept]. */
    private static Operand<TBool> maskBefore(DecodedSteps steps, Ops tf, Operand<TBool> mask) {
        Operand<TFloat32> now =
                Tensors.cast(tf, tf.expandDims(tf.expandDims(mask, tf.constant(1)), tf.constant(-1)), TFloat32.class);
        Operand<TFloat32> before = tf.sum(steps.keep(tf, now), tf.constant(-1));
        return tf.math.notEqual(before, tf.constant(0f));
    }
}
