package io.github.tapeloop.execution;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/** A count of whole steps that is kept where loops run, in the graph: it tells how far a call came that failed. */
final class Rounds {

    private final TapeSession session;
    private Variable<TInt64> counted;
    /** What the count is if no call has failed. */
    private long expected;

    Rounds(TapeSession session) {
        this.session = session;
    }

    /** Counts one step, after all that it does. */
    void count(Ops tf) {
        if (counted == null) {
            Ops eager = session.tf();
            session.unrecorded(() -> counted = Variable.create(eager, "loop/rounds", eager.constant(0L), false));
        }
        counted.assignAdd(tf, tf.constant(1L));
    }

    /** A call has counted some steps. */
    void expect(long steps) {
        expected += steps;
    }

    /** How many steps a call has counted that failed. */
    long afterFailure() {
        long[] now = new long[1];
        session.unrecorded(() -> now[0] = (long) session.scalar(counted.read(session.tf())));
        long steps = now[0] - expected;
        expected = now[0];
        return steps;
    }

    /** Frees the count. */
    void close() {
        if (counted != null) {
            counted.close();
        }
    }
}
