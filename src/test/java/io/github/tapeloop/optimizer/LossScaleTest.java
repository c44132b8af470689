package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A loss scale stays within bounds, comes back from them, and says what it did. */
class LossScaleTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat32> v = Variable.create(tf, "v", tf.constant(1f), true);

    @AfterEach
    void close() {
        session.close();
    }

    private static Sgd scaledBy(LossScale scale) {
        Sgd sgd = new Sgd(1);
        sgd.setLossScale(scale);
        return sgd;
    }

    /** A step on a loss that has this gradient before it is scaled. */
    private void step(Optimizer optimizer, float gradient) {
        try (TensorScope scope = session.scope()) {
            optimizer.apply(tf, gradients(tf, optimizer, tf.constant(gradient)));
        }
    }

    private Gradients gradients(Ops ops, Optimizer optimizer, Operand<TFloat32> gradient) {
        return Gradients.of(List.of(v), List.of(Optional.of(optimizer.scaleLoss(ops, gradient))));
    }

    private double value() {
        double[] value = new double[1];
        session.unrecorded(() -> value[0] = session.scalar(v.read(tf)));
        return value[0];
    }

    @Test
    void aScaleThatFellToItsMinimumComesBack() {
        LossScale scale = LossScale.dynamic(32768, 10);
        Sgd sgd = scaledBy(scale);
        for (int i = 0; i < 170; i++) {
            step(sgd, Float.NaN);
        }
        assertEquals(1, scale.value());
        assertTrue(scale.isAtMinimum());
        assertEquals(170, scale.skipped());
        assertEquals(1, value(), "a step that is skipped changes nothing");
        step(sgd, 0.25f);
        assertEquals(0.75, value());
        for (int i = 0; i < 19; i++) {
            step(sgd, 0);
        }
        assertEquals(4, scale.value());
        assertFalse(scale.isAtMinimum());
        assertEquals(170, scale.skipped());
    }

    @Test
    void aScaleThatGrewToItsMaximumStillLetsSmallGradientsThroughExactly() {
        LossScale scale = LossScale.dynamic(32768, 1);
        Sgd sgd = scaledBy(scale);
        for (int i = 0; i < 400; i++) {
            step(sgd, 0);
        }
        assertEquals(Math.pow(2, 126), scale.value());
        step(sgd, 0.25f);
        assertEquals(0.75, value());
        step(sgd, 1024);
        assertEquals(0.75, value(), "this one was too large for the scale");
        for (int i = 0; scale.skipped() == i + 1; i++) {
            step(sgd, 1024);
        }
        assertEquals(0.75 - 1024, value(), "and came through when that had fallen");
        assertTrue(Double.isFinite(scale.value()));
    }

    @Test
    void theBoundsCanBeSet() {
        LossScale scale = LossScale.dynamic(8, 1).minimum(2).maximum(16);
        Sgd sgd = scaledBy(scale);
        List<Double> scales = new ArrayList<>();
        for (float gradient : new float[] {0, 0, 0, Float.NaN, Float.NaN, Float.NaN, Float.NaN, 0}) {
            step(sgd, gradient);
            scales.add(scale.value());
        }
        assertEquals(List.of(16.0, 16.0, 16.0, 8.0, 4.0, 2.0, 2.0, 4.0), scales);
    }

    @Test
    void aScaleThatBeginsBelowOneDoesNotFall() {
        LossScale scale = LossScale.dynamic(0.25, 100);
        assertTrue(scale.isAtMinimum());
        Sgd sgd = scaledBy(scale);
        step(sgd, Float.POSITIVE_INFINITY);
        assertEquals(0.25, scale.value());
    }

    @Test
    void itsStateIsInVariables() {
        Sgd sgd = scaledBy(LossScale.dynamic());
        step(sgd, Float.NaN);
        assertEquals(
                List.of("optimizer/loss_scale", "optimizer/finite_steps", "optimizer/skipped_steps"),
                sgd.state().names().stream()
                        .filter(name -> name.contains("scale") || name.endsWith("_steps"))
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStepCanAskInOpsWhetherItWasSkipped(boolean traced) {
        LossScale scale = LossScale.dynamic(2, 100);
        Sgd sgd = scaledBy(scale);
        TracedFunction.Body body = (ops, given) -> {
            Operand<?> canFall = ops.dtypes.cast(scale.canFall(ops), TFloat32.class);
            @SuppressWarnings("unchecked") // The gradient is float32.
            Operand<TFloat32> gradient = (Operand<TFloat32>) given.get(0);
            sgd.apply(ops, gradients(ops, sgd, gradient));
            return List.of(ops.dtypes.cast(scale.skipped(ops), TFloat32.class), canFall);
        };
        List<Double> skipped = new ArrayList<>();
        List<Double> canFall = new ArrayList<>();
        Operand<TFloat32> like = session.persist(() -> tf.constant(0f));
        try (TracedFunction function =
                TracedFunction.trace(session, "step", List.of(TracedFunction.Spec.of(like)), body)) {
            for (float gradient : new float[] {0, Float.NaN, 0, Float.NaN, Float.NaN}) {
                try (TensorScope scope = session.scope()) {
                    List<Operand<?>> given = List.of(tf.constant(gradient));
                    List<? extends Operand<?>> results = traced ? function.call(given) : body.apply(tf, given);
                    skipped.add(session.scalar(number(results.get(0))));
                    canFall.add(session.scalar(number(results.get(1))));
                }
            }
        }
        assertEquals(List.of(0.0, 1.0, 1.0, 2.0, 3.0), skipped);
        assertEquals(List.of(1.0, 1.0, 0.0, 0.0, 0.0), canFall, "of the scale that the step began with");
    }

    @SuppressWarnings("unchecked") // The results are float32.
    private static Operand<TFloat32> number(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @Test
    void anUpdateThatFailsChangesTheScaleNeither() {
        LossScale scale = LossScale.dynamic(8, 1);
        Optimizer sgd = scaledBy(scale).with(GradientTransform.of("failing", (update, gradients) -> {
            throw new IllegalStateException("no");
        }));
        assertThrows(IllegalStateException.class, () -> step(sgd, 1));
        assertEquals(8, scale.value());
        assertEquals(0, scale.skipped());
    }

    @Test
    void anOptimizerNamesItsScaleAndSharesItWithNoOther() {
        LossScale scale = LossScale.dynamic();
        assertEquals(Optional.empty(), new Sgd().lossScale());
        Sgd sgd = scaledBy(scale);
        sgd.setLossScale(scale);
        assertEquals(Optional.of(scale), sgd.lossScale());
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> new Adam().setLossScale(scale));
        assertTrue(error.getMessage().contains("that of another Sgd"), error.getMessage());
    }

    @Test
    void itsSettingsEndAtFirstUse() {
        LossScale scale = LossScale.dynamic();
        step(scaledBy(scale), 0);
        for (Executable setter : List.<Executable>of(() -> scale.minimum(1), () -> scale.maximum(65536))) {
            IllegalStateException error = assertThrows(IllegalStateException.class, setter);
            assertTrue(error.getMessage().startsWith("LossScale was used already"), error.getMessage());
        }
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                mistake("loss scale above 0, got 0.0", () -> LossScale.dynamic(0, 1)),
                mistake("loss scale above 0, got NaN", () -> LossScale.dynamic(Double.NaN, 1)),
                mistake("a loss scale from", () -> LossScale.dynamic(1e39, 1)),
                mistake("a loss scale from", () -> LossScale.dynamic(1e-39, 1)),
                mistake("growthSteps of at least 1, got 0", () -> LossScale.dynamic(1, 0)),
                mistake("a minimum from", () -> LossScale.dynamic(8, 1).minimum(9)),
                mistake("a minimum from", () -> LossScale.dynamic(8, 1).minimum(0)),
                mistake("a maximum from", () -> LossScale.dynamic(8, 1).maximum(7)),
                mistake("a maximum from", () -> LossScale.dynamic(8, 1).maximum(Math.pow(2, 127))));
    }

    private static Arguments mistake(String words, Executable action) {
        return Arguments.of(words, action);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mistakes")
    void badArgumentsAreNamedWithTheirRange(String words, Executable action) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, action);
        assertTrue(error.getMessage().contains(words), error.getMessage());
    }

    @Test
    void aStepThatSomethingElseSkipsLowersTheScaleWithinItsBoundsAndCounts() {
        LossScale scale = LossScale.dynamic(8, 1).minimum(4);
        step(scaledBy(scale), 0);
        for (int i = 0; i < 5; i++) {
            try (TensorScope scope = session.scope()) {
                scale.fall(tf);
            }
        }
        assertEquals(4, scale.value());
        assertEquals(5, scale.skipped());
    }
}
