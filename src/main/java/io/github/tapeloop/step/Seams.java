package io.github.tapeloop.step;

import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import java.util.function.Consumer;

/**
 * The seams of a trainer's steps: what stands between gradients and update, and what surrounds a step.
 *
 * @param reduction what gradients go through
 * @param guard refuses what is not finite
 * @param stranger is told of each optimizer that a step updates by
 */
public record Seams(
        TapeSession session,
        DtypePolicy precision,
        GradientReduction reduction,
        Guard guard,
        Consumer<Optimizer> stranger) {

    /** The seed of the run. */
    long seed() {
        return session.seed();
    }

    /** The same for steps that train nothing. */
    public Seams unguarded() {
        return new Seams(session, precision, reduction, Guard.OFF, stranger);
    }

    /** Sees an optimizer that is about to update: float16 wants its loss scaled from the first step on. */
    void meet(Optimizer optimizer) {
        stranger.accept(optimizer);
        if (precision == DtypePolicy.MIXED_FLOAT16
                && !optimizer.scalesLoss()
                && optimizer.state().size() == 0) {
            optimizer.setLossScale(LossScale.dynamic());
        }
    }
}
