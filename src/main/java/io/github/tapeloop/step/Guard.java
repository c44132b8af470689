package io.github.tapeloop.step;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.transaction.Transaction;
import io.github.tapeloop.transaction.Write;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/**
 * The guard between gradients and update: a step whose loss or gradients are not finite changes nothing and is counted. One
 * that a loss scale can mend by falling is counted apart. After too many in a row nothing changes until {@link #forgive}, so
 * that several steps in one native call end where single ones would.
 */
public final class Guard {

    /** Lets everything pass. */
    public static final Guard OFF = new Guard(null);

    private final TapeSession session;
    /** How many in a row are too many; 0 while the guard is off. */
    private long limit;

    /** [skipped, skipped by a loss scale, skipped in a row], int64; null before the first step that is guarded. */
    private Variable<TInt64> counts;

    /** @param session where it counts */
    public Guard(TapeSession session) {
        this.session = session;
    }

    /**
     * How many steps changed nothing since the trainer was made.
     *
     * @param skipped because their loss or gradients were not finite
     * @param byLossScale because their loss scale was too large
     * @param inARow the steps of the first kind since the last that was finite
     */
    public record Counts(long skipped, long byLossScale, long inARow) {}

    /**
     * Guards from the next step on.
     *
     * @param inARow after how many refused steps in a row nothing changes any more; 0 to let everything pass
     */
    public void limit(long inARow) {
        this.limit = inARow;
        if (limit > 0 && counts == null) {
            Ops tf = session.tf();
            session.unrecorded(() -> counts = Variable.create(tf, "loop/not_finite", tf.constant(new long[3]), false));
        }
    }

    /** After how many refused steps in a row nothing changes any more: a trace holds for one limit. */
    public long limit() {
        return limit;
    }

    /** What was counted so far. */
    public Counts counts() {
        if (counts == null) {
            return new Counts(0, 0, 0);
        }
        long[] read = new long[3];
        session.unrecorded(() -> session.read(counts.read(session.tf()), tensor -> {
            for (int i = 0; i < read.length; i++) {
                read[i] = tensor.getLong(i);
            }
            return read;
        }));
        return new Counts(read[0], read[1], read[2]);
    }

    /** Begins to count steps in a row anew. */
    public void forgive() {
        if (counts != null) {
            Counts now = counts();
            Ops tf = session.tf();
            session.unrecorded(() -> counts.assign(tf, tf.constant(new long[] {now.skipped(), now.byLossScale(), 0})));
        }
    }

    /** Goes on to count from what was counted in another process. */
    public void count(Counts from) {
        if (counts != null) {
            Ops tf = session.tf();
            long[] numbers = {from.skipped(), from.byLossScale(), from.inARow()};
            session.unrecorded(() -> counts.assign(tf, tf.constant(numbers)));
        }
    }

    /** Frees the counts. */
    public void close() {
        if (counts != null) {
            counts.close();
        }
    }

    /** Begins to watch a step. */
    Watch watch() {
        return new Watch();
    }

    /** What the guard has seen of one step. */
    final class Watch {

        private final List<Operand<TBool>> finite = new ArrayList<>();
        private final List<LossScale> scales = new ArrayList<>();
        /** Whether a scale of them can fall. */
        private final List<Operand<TBool>> falls = new ArrayList<>();

        /** Sees a loss and its gradients, scaled if the optimizer scales it. */
        void add(Ops tf, Optimizer optimizer, Operand<? extends TNumber> loss, Gradients gradients) {
            if (limit == 0) {
                return;
            }
            finite.add(isFinite(tf, loss));
            finite.add(LossScale.allFinite(tf, gradients));
            optimizer.lossScale().ifPresent(scale -> {
                scales.add(scale);
                falls.add(scale.canFall(tf)); // Now: to read it behind the update would let that happen.
            });
        }

        /** Whether all of the step is finite, by its results if it took no gradients here; null if nobody asks. */
        Operand<TBool> finite(Ops tf, Bundle results) {
            if (limit == 0) {
                return null;
            }
            if (finite.isEmpty()) {
                results.operands().stream()
                        .filter(result -> Tensors.isDifferentiable(Tensors.dataType(result)))
                        .forEach(result -> finite.add(isFinite(tf, result)));
            }
            return finite.isEmpty() ? null : tf.reduceAll(tf.stack(finite), tf.constant(0));
        }

        /**
         * Lets what a step has held back happen if it is finite, and counts.
         *
         * @return whether it passes: it is finite, and not one too many after others that were not
         */
        Operand<TBool> commit(
                Ops tf,
                Operand<TBool> isFinite,
                boolean undoable,
                Transaction writes,
                List<? extends Operand<?>> results) {
            Operand<TInt64> before = counts.read(tf);
            Operand<TBool> open = tf.math.less(tf.gather(before, tf.constant(2), tf.constant(0)), tf.constant(limit));
            Operand<TBool> passes = tf.math.logicalAnd(isFinite, open);
            Operand<TBool> refused = tf.math.logicalAnd(tf.math.logicalNot(isFinite), open);
            Operand<TInt64> after = count(tf, before, isFinite, open);
            if (undoable) { // Who runs the step undoes it.
                writes.commit(results);
            } else if (tf.scope().env().isEager()) {
                if (session.read(passes, TBool::getBoolean)) {
                    writes.commit(results);
                } else {
                    writes.take();
                }
            } else {
                List<Write> held = writes.take();
                writes.atOnce(() -> commitIf(tf, passes, held, results));
            }
            writes.atOnce(() -> {
                Conditional.runIf(tf, refused, List.of(), (ops, none) -> scales.forEach(scale -> scale.fall(ops)));
                counts.assign(tf, after);
            });
            return passes;
        }

        private void commitIf(
                Ops tf, Operand<TBool> condition, List<Write> writes, List<? extends Operand<?>> results) {
            List<Operand<?>> operands = new ArrayList<>();
            writes.forEach(write -> operands.addAll(write.operands()));
            List<Operand<?>> awaited = new ArrayList<>(operands);
            awaited.addAll(results);
            RecordingEnvironment.of(tf).fence(awaited);
            Conditional.runIf(tf, condition, operands, (ops, given) -> {
                Iterator<? extends Operand<?>> next = given.iterator();
                writes.forEach(write -> write.run(ops, next));
            });
        }

        private Operand<TInt64> count(Ops tf, Operand<TInt64> before, Operand<TBool> isFinite, Operand<TBool> open) {
            Operand<TBool> canFall =
                    falls.isEmpty() ? tf.constant(false) : tf.reduceAny(tf.stack(falls), tf.constant(0));
            Operand<TBool> refused = tf.math.logicalAnd(open, tf.math.logicalNot(isFinite));
            Operand<TInt64> byScale = number(tf, tf.math.logicalAnd(refused, canFall));
            Operand<TInt64> skipped = number(tf, tf.math.logicalAnd(refused, tf.math.logicalNot(canFall)));
            Operand<TInt64> zero = tf.constant(0L);
            Operand<TInt64> inARow = tf.select(
                    tf.math.logicalAnd(open, isFinite),
                    zero,
                    tf.math.add(tf.gather(before, tf.constant(2), tf.constant(0)), skipped));
            return tf.stack(List.of(
                    tf.math.add(tf.gather(before, tf.constant(0), tf.constant(0)), skipped),
                    tf.math.add(tf.gather(before, tf.constant(1), tf.constant(0)), byScale),
                    inARow));
        }

        private Operand<TInt64> number(Ops tf, Operand<TBool> flag) {
            return tf.dtypes.cast(flag, TInt64.class);
        }

        private Operand<TBool> isFinite(Ops tf, Operand<?> x) {
            Operand<TBool> each = tf.math.isFinite(typed(x));
            return Tensors.rank(x) == 0
                    ? each
                    : tf.reduceAll(tf.reshape(each, tf.constant(new int[] {-1})), tf.constant(0));
        }

        @SuppressWarnings("unchecked") // Losses are numbers.
        private Operand<TNumber> typed(Operand<?> x) {
            return (Operand<TNumber>) x;
        }
    }
}
