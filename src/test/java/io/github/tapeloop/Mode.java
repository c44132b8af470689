package io.github.tapeloop;

import io.github.tapeloop.metric.Metric;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** How the steps of a trainer are run, what its builder decides and what follows from its parts alike. */
enum Mode {
    OP_BY_OP,
    CACHED,
    COMPILED,
    LOOP,
    VERIFIED;

    /** How many steps a call takes in a {@link #LOOP}. */
    static final int STEPS = 4;

    TrainerBuilder of(TrainerBuilder builder) {
        return switch (this) {
            case OP_BY_OP -> builder.metrics(new Own());
            case CACHED -> builder;
            case COMPILED -> builder.compiled();
            case LOOP -> builder.compiled().stepsPerExecution(STEPS);
            case VERIFIED -> builder.compiled(Compilation.verify(100));
        };
    }

    /** A metric of the user's, which keeps eager steps from being traced in part. */
    private static final class Own extends Metric {
        Own() {
            super("own");
        }

        @Override
        public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            average(tf, prediction);
        }
    }
}
