package io.github.tapeloop.parts;

import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.Lamb;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Muon;
import io.github.tapeloop.optimizer.Nadam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.ScheduleFreeAdamW;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What depends on the number of the step works where no Java code runs between the steps. */
class OptimizerLoopTest {

    private static final PartRun EXACT = new PartRun(true, true);

    static Stream<Arguments> optimizers() {
        return Stream.of(
                row("nadam", Nadam::new),
                row("lamb", Lamb::new),
                row("muon", Muon::new),
                row("schedule_free_adamw", ScheduleFreeAdamW::new),
                row("clip_global_norm", () -> new Sgd(0.05).with(Clip.globalNorm(2))),
                row("ema_overwrite", () -> new Sgd(0.05)
                        .with(MovingAverage.of(0.9).overwriteFrequency(4))),
                row("accumulate", () -> new Adam(0.01).with(GradientAccumulation.of(4))),
                row("by_variable", () -> ByVariable.otherwise(
                                new Sgd(Schedule.exponentialDecay(0.1, 10, 0.5)).momentum(0.9))
                        .use(new Muon(0.02), name -> name.endsWith("/w"))
                        .with(Clip.globalNorm(2), GradientAccumulation.of(3))));
    }

    private static Arguments row(String figure, Supplier<Optimizer> optimizer) {
        return Arguments.of(figure, optimizer);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("optimizers")
    void theStepsOfALoopInTheGraphAreTheSame(String figure, Supplier<Optimizer> optimizer) {
        try (TapeSession session = EXACT.open()) {
            OptimizerRun problem = new OptimizerRun(EXACT, session);
            problem.trainInLoop(optimizer.get());
            problem.assertAt(figure);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("optimizers")
    void theStepsThatXlaCompilesAreTheSame(String figure, Supplier<Optimizer> optimizer) {
        try (TapeSession session = EXACT.open()) {
            OptimizerRun problem = new OptimizerRun(EXACT, session);
            problem.trainByXla(optimizer.get());
            problem.assertAt(figure);
        }
    }
}
