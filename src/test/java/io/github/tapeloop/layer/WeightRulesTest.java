package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What holds a weight: penalties, constraints, freezing; and that a layer without them does no more than before. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WeightRulesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private TensorScope test;
    private Operand<TFloat32> x;

    @BeforeEach
    void open() {
        test = session.scope();
        x = tf.constant(new float[][] {{1, 2}, {3, 4}});
    }

    @AfterEach
    void end() {
        test.close();
    }

    @AfterAll
    void close() {
        session.close();
    }

    private static Dense ones(int units) {
        return new Dense(units).kernel(w -> w.initializer(Initializer.ones()));
    }

    private List<String> opsOf(Runnable action) {
        List<String> types = new ArrayList<>();
        OpRecorder recorder = op -> types.add(op.type());
        RecordingEnvironment environment = RecordingEnvironment.of(tf);
        environment.startRecording(recorder);
        try {
            action.run();
        } finally {
            environment.stopRecording(recorder);
        }
        return types;
    }

    @Test
    void aDenseLayerWithoutRulesMakesFourOps() {
        Dense dense = new Dense(3);
        dense.call(ForwardPass.training(tf), x);
        ForwardPass pass = ForwardPass.training(tf);
        assertEquals(
                List.of("ReadVariableOp", "MatMul", "ReadVariableOp", "BiasAdd"), opsOf(() -> dense.call(pass, x)));
        assertEquals(List.of(), pass.losses());
        assertEquals(List.of(), opsOf(() -> dense.variables().forEach(weight -> weight.project(tf))));
    }

    @Test
    void thePenaltyOfAWeightIsAddedOnceAPass() {
        Dense dense = ones(2).kernel(w -> w.regularizer(Regularizer.l2(0.5)));
        for (ForwardPass pass : List.of(ForwardPass.training(tf), ForwardPass.inference(tf))) {
            dense.call(pass, dense.call(pass, x));
            assertEquals(1, pass.losses().size());
            assertEquals(0.5 * 4, session.scalar(pass.losses().get(0)));
        }
    }

    @Test
    void thePenaltyOfTheOutputIsAddedInEachCall() {
        Dense dense = ones(2).activityRegularizer(Regularizer.l1(1));
        ForwardPass pass = ForwardPass.training(tf);
        dense.call(pass, dense.call(pass, x));
        assertEquals(2, pass.losses().size());
        assertEquals((2 * 3 + 2 * 7) / 2.0, session.scalar(pass.losses().get(0)));
    }

    @Test
    void aFrozenLayerIsNotTrainedAndAddsNoPenalty() {
        Dense frozen = ones(2).kernel(w -> w.regularizer(Regularizer.l2()));
        frozen.trainable(false);
        Model model = Sequential.of(frozen, new Dense(1));
        ForwardPass pass = ForwardPass.training(tf);
        model.call(pass, x);
        assertEquals(List.of(), pass.losses());
        assertEquals(4, model.variables().size());
        assertEquals(
                List.of("sequential/dense_1/kernel", "sequential/dense_1/bias"),
                model.trainableVariables().names());
        assertTrue(model.summary().contains("total 9, trainable 3"), model.summary());
        frozen.trainable(true);
        assertEquals(4, model.trainableVariables().size());
    }

    @Test
    void aLayerIsFrozenWhileOneAroundItIs() {
        Dense inner = new Dense(2);
        Dense frozen = new Dense(2);
        frozen.trainable(false);
        Model model = Sequential.of(inner, frozen);
        model.call(ForwardPass.training(tf), x);
        model.trainable(false);
        assertFalse(inner.trainable());
        assertEquals(0, inner.trainableVariables().size());
        assertEquals(0, model.trainableVariables().size());
        model.trainable(true);
        assertTrue(inner.trainable());
        assertFalse(frozen.trainable());
        assertEquals(2, model.trainableVariables().size());
    }

    @Test
    void movingStatisticsAreVariablesThatAreNotTrained() {
        Model model = Sequential.of(new BatchNormalization());
        model.call(ForwardPass.inference(tf), x);
        assertEquals(
                List.of("gamma", "beta", "moving_mean", "moving_variance"),
                model.variables().names().stream()
                        .map(name -> name.substring("sequential/batch_normalization/".length()))
                        .toList());
        assertEquals(2, model.trainableVariables().size());
        assertEquals(List.of(true, true, false, false), trainable(model));
    }

    private static List<Boolean> trainable(Model model) {
        List<Boolean> trainable = new ArrayList<>();
        model.variables().forEach(weight -> trainable.add(weight.trainable()));
        return trainable;
    }

    @Test
    void aConstraintIsAppliedWhenTheVariableIsProjected() {
        Dense dense = ones(2).kernel(w -> w.constraint(Constraint.nonNegative()))
                .bias(w -> w.constraint(Constraint.maxNorm(1, 0)));
        dense.call(ForwardPass.training(tf), x);
        List<Variable<?>> weights = new ArrayList<>();
        dense.variables().forEach(weights::add);
        subtract(weights.get(0), new float[][] {{2, 0}, {0, 3}});
        subtract(weights.get(1), new float[] {3, 4});
        weights.forEach(weight -> weight.project(tf));
        assertArrayEquals(
                new double[] {0, 1, 1, 0}, values(session, weights.get(0).read(tf)));
        assertArrayEquals(
                new double[] {-0.6, -0.8}, values(session, weights.get(1).read(tf)), 1e-6);
    }

    @SuppressWarnings("unchecked") // Float weights.
    private void subtract(Variable<?> weight, float[][] delta) {
        ((Variable<TFloat32>) weight).assignSub(tf, tf.constant(delta));
    }

    @SuppressWarnings("unchecked") // Float weights.
    private void subtract(Variable<?> weight, float[] delta) {
        ((Variable<TFloat32>) weight).assignSub(tf, tf.constant(delta));
    }

    @Test
    void aTracedProjectionFollowsTheUpdate() {
        Dense dense = ones(2).kernel(w -> w.constraint(Constraint.nonNegative()));
        dense.call(ForwardPass.training(tf), x);
        Variable<?> kernel = dense.variables().get("dense/kernel");
        Operand<TFloat32> delta = tf.constant(new float[][] {{2, 0}, {0, 3}});
        try (TracedFunction step = TracedFunction.trace(
                session,
                "step",
                List.of(TracedFunction.Spec.of(delta)),
                (ops, inputs) -> update(ops, kernel, inputs))) {
            step.call(List.of(delta));
            assertArrayEquals(new double[] {0, 1, 1, 0}, values(session, kernel.read(tf)));
            step.call(List.of(delta));
            assertArrayEquals(new double[] {0, 1, 1, 0}, values(session, kernel.read(tf)));
        }
    }

    @SuppressWarnings("unchecked") // Float weights.
    private static List<Operand<?>> update(Ops ops, Variable<?> kernel, List<Operand<?>> inputs) {
        ((Variable<TFloat32>) kernel).assignSub(ops, (Operand<TFloat32>) inputs.get(0));
        kernel.project(ops);
        return List.of(inputs.get(0));
    }

    @Test
    void aConstraintThatGivesAnotherShapeIsRefused() {
        Dense dense = ones(2).kernel(w -> w.constraint((ops, weight) -> ops.constant(new float[] {1})));
        dense.call(ForwardPass.training(tf), x);
        Variable<?> kernel = dense.variables().get("dense/kernel");
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, () -> kernel.project(tf));
        assertTrue(error.getMessage().contains("'dense/kernel'"), error.getMessage());
        assertArrayEquals(new double[] {1, 1, 1, 1}, values(session, kernel.read(tf)));
    }
}
