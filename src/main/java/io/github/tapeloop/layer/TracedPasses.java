package io.github.tapeloop.layer;

import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.settings.Seeds;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/**
 * The counter of the passes that traced functions of a session have made: a variable, as a number of Java would be the same
 * in each call of a function. It starts at 0 and is a part of the session's state, as its count of eager passes is.
 */
final class TracedPasses {

    private Variable<TInt64> made;

    private TracedPasses() {}

    static TracedPasses of(TapeSession session) {
        Ops eager = session.tf(); // Made now, while a function is being traced.
        TracedPasses passes = RecordingEnvironment.of(eager).attachment(TracedPasses.class, TracedPasses::new);
        if (passes.made == null) {
            session.unrecorded(() -> passes.made = Variable.create(eager, "traced_passes", eager.constant(0L), false));
        }
        return passes;
    }

    /** The variable that counts, if a traced function has drawn. */
    static Parameters variables(TapeSession session) {
        Variable<TInt64> made =
                RecordingEnvironment.of(session.tf()).attachment(TracedPasses.class, TracedPasses::new).made;
        return made == null ? Parameters.of() : Parameters.of(made);
    }

    /**
     * The seed of a pass: another one for each pass that is traced, so that two passes of one function differ though they
     * read the same count, and none that eager passes use.
     *
     * @param pass which pass of the session it is
     */
    static long seed(TapeSession session, long pass) {
        return Seeds.mix(Seeds.mix(session.seed(), "traced_passes"), pass);
    }

    /** Counts a pass when it draws its first random number: what was counted before it, another number in each call. */
    Supplier<Operand<TInt64>> number(Ops tf) {
        return new Supplier<>() {
            private Operand<TInt64> number;

            @Override
            public Operand<TInt64> get() {
                if (number == null) {
                    number = made.read(tf);
                    made.assignAdd(tf, tf.constant(1L));
                }
                return number;
            }
        };
    }
}
