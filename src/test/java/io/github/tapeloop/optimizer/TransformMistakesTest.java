package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Bad arguments of optimizers, transforms and schedules. */
class TransformMistakesTest {

    static Stream<Arguments> optimizers() {
        return Stream.of(
                mistake(() -> new RmsProp().rho(1), "rho in [0, 1), got 1.0"),
                mistake(() -> new RmsProp().momentum(-0.1), "momentum in [0, 1), got -0.1"),
                mistake(() -> new RmsProp().epsilon(0), "epsilon above 0, got 0.0"),
                mistake(() -> new AdamW(-1), "learning rate of at least 0, got -1.0"),
                mistake(() -> new AdamW().betas(0.5, 1), "beta2 in [0, 1), got 1.0"),
                mistake(() -> new Adamax().epsilon(Double.NaN), "epsilon above 0, got NaN"),
                mistake(() -> new Nadam((Schedule) null), "schedule, got null"),
                mistake(() -> new Adadelta().rho(-0.5), "rho in [0, 1), got -0.5"),
                mistake(() -> new Adadelta().epsilon(Double.POSITIVE_INFINITY), "finite epsilon", "got Infinity"),
                mistake(
                        () -> new Adagrad().initialAccumulatorValue(-1),
                        "initialAccumulatorValue of at least 0, got -1"),
                mistake(() -> new Adagrad().epsilon(-1), "epsilon above 0, got -1.0"),
                mistake(() -> new Ftrl().learningRatePower(0.5), "learningRatePower of at most 0, got 0.5"),
                mistake(() -> new Ftrl().initialAccumulatorValue(-1), "initialAccumulatorValue of at least 0, got -1"),
                mistake(() -> new Ftrl().l1(-1), "l1 of at least 0, got -1.0"),
                mistake(() -> new Ftrl().l2(-1), "l2 of at least 0, got -1.0"),
                mistake(() -> new Ftrl().l2Shrinkage(-1), "l2Shrinkage of at least 0, got -1.0"),
                mistake(() -> new Ftrl().beta(-1), "beta of at least 0, got -1.0"),
                mistake(() -> new Lion().betas(0, 0.5), "beta1 in (0, 1), got 0.0"),
                mistake(() -> new Lion().betas(0.5, 1), "beta2 in [0, 1), got 1.0"),
                mistake(() -> new Lamb().betas(-1, 0), "beta1 in [0, 1), got -1.0"),
                mistake(() -> new Adafactor().beta2Decay(0), "beta2Decay below 0, got 0.0"),
                mistake(() -> new Adafactor().epsilons(0, 1), "epsilon1 above 0, got 0.0"),
                mistake(() -> new Adafactor().epsilons(1, 0), "epsilon2 above 0, got 0.0"),
                mistake(() -> new Adafactor().clipThreshold(0), "clipThreshold above 0, got 0.0"),
                mistake(() -> new Muon().momentum(1), "momentum in [0, 1), got 1.0"),
                mistake(() -> new Muon().newtonSchulzSteps(0), "newtonSchulzSteps in [1, 100], got 0"),
                mistake(() -> new Muon().rmsRate(-1), "rmsRate of at least 0, got -1.0"),
                mistake(() -> new Muon().adamRatio(-1), "adamRatio of at least 0, got -1.0"),
                mistake(() -> new ScheduleFreeAdamW().betas(0, 0.5), "beta1 in (0, 1), got 0.0"),
                mistake(() -> new ScheduleFreeAdamW().warmupSteps(-1), "warmupSteps of at least 0, got -1"));
    }

    static Stream<Arguments> transforms() {
        return Stream.of(
                mistake(() -> Clip.norm(0), "norm above 0, got 0.0"),
                mistake(() -> Clip.globalNorm(-1), "globalNorm above 0, got -1.0"),
                mistake(() -> Clip.value(Double.NaN), "value above 0, got NaN"),
                mistake(() -> WeightDecay.of(-0.1), "weight decay of at least 0, got -0.1"),
                mistake(() -> MovingAverage.of(1.5), "momentum in [0, 1], got 1.5"),
                mistake(() -> MovingAverage.of(0.9).overwriteFrequency(0), "overwriteFrequency of at least 1, got 0"),
                mistake(() -> GradientAccumulation.of(1), "steps of at least 2", "got 1"),
                mistake(
                        () -> new Sgd().with(Clip.norm(1), Clip.value(2)),
                        "at most one Clip, got Clip.norm(1.0) and then Clip.value(2.0)"),
                mistake(
                        () -> new AdamW().with(WeightDecay.of(1)).with(WeightDecay.of(2)),
                        "at most one WeightDecay, got WeightDecay.of(1.0) and then WeightDecay.of(2.0)"),
                mistake(
                        () -> ByVariable.otherwise(new Sgd().with(Clip.norm(1))),
                        "a weight decay only, got a Sgd with Clip.norm(1.0): give that to the ByVariable"),
                mistake(
                        () -> ByVariable.otherwise(new Sgd()).with(WeightDecay.of(1)),
                        "each its own: give one of them the WeightDecay.of(1.0)"));
    }

    static Stream<Arguments> schedules() {
        return Stream.of(
                mistake(() -> Schedule.constant(-1), "learning rate of at least 0, got -1.0"),
                mistake(
                        () -> Schedule.piecewiseConstant(new long[] {1, 2}, new double[] {1, 2}),
                        "one value more than boundaries, got [1, 2] and [1.0, 2.0]"),
                mistake(
                        () -> Schedule.piecewiseConstant(new long[] {2, 2}, new double[] {1, 2, 3}),
                        "increasing order, got [2, 2]"),
                mistake(() -> Schedule.piecewiseConstant(new long[] {2}, new double[] {1, -2}), "got -2.0"),
                mistake(() -> Schedule.polynomialDecay(0.1, 0), "decaySteps of at least 1, got 0"),
                mistake(() -> Schedule.polynomialDecay(0.1, 1, 0, 0, false), "power above 0, got 0.0"),
                mistake(() -> Schedule.inverseTimeDecay(0.1, 1, 0), "finite rate above 0, got 0.0"),
                mistake(() -> Schedule.inverseTimeDecay(0.1, 0, 1), "decaySteps of at least 1, got 0"),
                mistake(() -> Schedule.cosineDecay(-0.1, 1), "learning rate of at least 0, got -0.1"),
                mistake(() -> Schedule.cosineDecay(0.1, 0), "decaySteps of at least 1, got 0"),
                mistake(() -> Schedule.cosineDecay(0.1, 1, 1.5), "alpha in [0, 1], got 1.5"),
                mistake(() -> Schedule.cosineDecayRestarts(0.1, 0), "firstDecaySteps of at least 1, got 0"),
                mistake(() -> Schedule.cosineDecayRestarts(0.1, 1, 0.5, 1, 0), "finite tMul of at least 1.0, got 0.5"),
                mistake(() -> Schedule.cosineDecayRestarts(0.1, 1, 1, 0, 0), "mMul above 0, got 0.0"),
                mistake(() -> Schedule.constant(1).warmup(-1, 1), "learning rate of at least 0, got -1.0"),
                mistake(() -> Schedule.constant(1).warmup(0, 0), "warm-up steps of at least 1, got 0"));
    }

    private static Arguments mistake(Executable action, String... words) {
        return Arguments.of(String.join(" ", words), action, words);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"optimizers", "transforms", "schedules"})
    void badArgumentsAreNamedWithTheirRange(String name, Executable action, String[] words) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, action);
        for (String word : words) {
            assertTrue(error.getMessage().contains(word), error.getMessage());
        }
    }
}
