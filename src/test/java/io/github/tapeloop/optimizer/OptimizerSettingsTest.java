package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** Every setter of every optimizer, found by reflection, acts until the first step and is refused from then on. */
class OptimizerSettingsTest {

    private static final String MAY_CHANGE = "setLearningRate";

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat64> v = Variable.create(tf, "v", tf.constant(1.0), true);

    @AfterEach
    void close() {
        session.close();
    }

    static Stream<Arguments> setters() {
        return Setters.parts(Optimizer.class).flatMap(type -> OptimizerKind.setters(type)
                .map(setter -> Arguments.of(type.getSimpleName() + "." + setter.getName(), type, setter)));
    }

    private Gradients gradients(Ops ops) {
        return Gradients.of(List.of(v), List.of(Optional.of(ops.constant(0.5))));
    }

    private void step(Optimizer optimizer) {
        try (TensorScope scope = session.scope()) {
            optimizer.scaleLoss(tf, tf.constant(1f)); // One of the settings is a loss scale.
            optimizer.apply(tf, gradients(tf));
        }
    }

    private static boolean refuses(Method setter) {
        return !setter.getName().equals(MAY_CHANGE);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("setters")
    void aSetterActsBeforeTheFirstStepAndIsRefusedAfterIt(String name, Class<? extends Optimizer> type, Method setter)
            throws Throwable {
        Optimizer fresh = OptimizerKind.make(type);
        Setters.call(fresh, setter, OptimizerKind.values(setter, v));
        step(fresh);

        Optimizer used = OptimizerKind.make(type);
        step(used);
        if (refuses(setter)) {
            assertRefused(used, setter);
        } else {
            Setters.call(used, setter, OptimizerKind.values(setter, v));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("setters")
    void aStepThatIsOnlyTracedEndsTheSettingsToo(String name, Class<? extends Optimizer> type, Method setter)
            throws Throwable {
        Optimizer used = OptimizerKind.make(type);
        TracedFunction.Body step = (ops, none) -> {
            used.apply(ops, gradients(ops));
            return List.of(ops.constant(0f));
        };
        try (TensorScope scope = session.scope();
                TracedFunction function = TracedFunction.trace(session, "step", List.of(), step)) {
            if (refuses(setter)) {
                assertRefused(used, setter);
            }
        }
    }

    private void assertRefused(Optimizer used, Method setter) {
        IllegalStateException error = assertThrows(
                IllegalStateException.class, () -> Setters.call(used, setter, OptimizerKind.values(setter, v)));
        String message = error.getMessage();
        assertTrue(message.startsWith(used.getClass().getSimpleName() + " was used already"), message);
        assertTrue(message.contains(setter.getName()), message);
    }

    @Test
    void theReflectionFindsWhatItIsFor() {
        List<String> names =
                setters().map(row -> (String) row.get()[0]).distinct().toList();
        assertTrue(
                names.containsAll(List.of("Sgd.momentum", "Adam.betas", "ByVariable.use", "Muon.with")),
                names::toString);
        assertTrue(names.contains("Adafactor.setLossScale"), names::toString);
    }

    @Test
    void theSettingsOfAPartEndWithTheFirstStepOfTheWhole() {
        Sgd part = new Sgd();
        ByVariable whole = ByVariable.otherwise(new Adam()).use(part, v);
        part.momentum(0.5);
        step(whole);
        assertThrows(IllegalStateException.class, () -> part.momentum(0.9));
        assertThrows(IllegalStateException.class, () -> part.with(WeightDecay.of(0.1)));
    }

    @Test
    void aStepThatIsRefusedEndsNothing() {
        Sgd sgd = new Sgd();
        Gradients none = Gradients.of(List.of(v), List.of(Optional.empty()));
        assertThrows(IllegalArgumentException.class, () -> sgd.apply(tf, none));
        sgd.momentum(0.5);
    }

    @Test
    void twoSettingsOfOneSetterChangeTogetherOrNotAtAll() {
        Adam adam = new Adam(0.5);
        assertThrows(IllegalArgumentException.class, () -> adam.betas(0.1, 1));
        assertEquals(0.9, adam.beta1());
        Optimizer sgd = new Sgd();
        assertThrows(
                IllegalArgumentException.class, () -> sgd.with(MovingAverage.of(0.5), Clip.norm(1), Clip.value(1)));
        assertFalse(sgd.hasAverages());
    }

    @Test
    void anOptimizerOfTheUsersKeepsTheSameLaw() {
        final class SignDescent extends Optimizer {
            private double scale = 1;

            SignDescent() {
                super(0.5);
            }

            SignDescent scale(double value) {
                requireUnused("scale");
                scale = value;
                return this;
            }

            @Override
            protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
                variable.assignSub(
                        update.tf(),
                        update.tf()
                                .math
                                .mul(
                                        update.constant(scale, variable.type()),
                                        update.tf().math.sign(gradient)));
            }
        }
        SignDescent own = new SignDescent().scale(0.25);
        step(own);
        assertEquals(0.75, session.scalar(v.read(tf)));
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> own.scale(1));
        assertTrue(error.getMessage().startsWith("SignDescent was used already, so its scale"), error.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"eager", "compiled", "several steps a call"})
    void aMomentumThatIsSetAfterSomeStepsIsRefusedInEveryMode(String mode) {
        Sgd sgd = new Sgd(0.1).momentum(0.9);
        TrainerBuilder builder = Trainer.of(Sequential.of(new Dense(1)))
                .loss(new MeanSquaredError())
                .optimizer(sgd);
        if (!mode.equals("eager")) {
            builder.compiled().stepsPerExecution(mode.equals("compiled") ? 1 : 2);
        }
        try (Trainer trainer = builder.build()) {
            Batches batches = Dataset.of(new float[][] {{1}, {2}, {3}, {4}}, new float[][] {{2}, {3}, {4}, {5}})
                    .batch(1);
            trainer.fit(batches, Fit.epochs(1));
            IllegalStateException error = assertThrows(IllegalStateException.class, () -> sgd.momentum(0));
            assertTrue(error.getMessage().contains("Sgd was used already, so its momentum"), error.getMessage());
            sgd.setLearningRate(0.05);
            trainer.fit(batches, Fit.epochs(1));
        }
    }
}
