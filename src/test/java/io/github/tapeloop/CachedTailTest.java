package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.GradientTransform;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.FunctionCount;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientException;
import io.github.tapeloop.tape.GradientRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** When the tail of an eager step is kept, and what happens when it fails. */
class CachedTailTest {

    private static final Loss SQUARES = (tf, target, prediction) -> {
        Operand<TFloat32> wanted = tf.dtypes.cast(target, TFloat32.class);
        return tf.math.mean(tf.math.square(tf.math.sub(prediction, wanted)), tf.constant(new int[] {0, 1}));
    };

    /** How often the Java code of a tail has run. */
    private int tails;

    private GradientTransform counting() {
        return GradientTransform.traceable("counting", (update, gradients) -> {
            tails++;
            return gradients;
        });
    }

    /** √(w x), which has no finite slope at 0, and says so on the way back. */
    private static final class Root extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Variable<TFloat32> factor = weight(pass, "factor", Shape.scalar(), x.type(), Initializer.ones());
            var tf = pass.tf(this);
            Operand<TFloat32> product = tf.math.mul(x, factor.read(tf));
            return tf.math.sqrt(tf.scope()
                    .opBuilder("CheckNumerics", "Check")
                    .addInput(product.asOutput())
                    .setAttr("message", "before the root")
                    .build()
                    .output(0));
        }
    }

    /** One step on inputs x, with targets 2 x. */
    private static void step(Trainer trainer, float... inputs) {
        float[][] x = new float[inputs.length][1];
        float[][] y = new float[inputs.length][1];
        for (int i = 0; i < inputs.length; i++) {
            x[i][0] = inputs[i];
            y[i][0] = 2 * inputs[i];
        }
        try (BatchIterator batches = Dataset.of(x, y).batch(inputs.length).iterator()) {
            trainer.trainOnBatch(batches.next());
        }
    }

    private static Trainer trainer(Layer layer, Optimizer optimizer, Metric... metrics) {
        return Trainer.of(Sequential.of(layer))
                .loss(SQUARES)
                .optimizer(optimizer)
                .metrics(metrics)
                .build();
    }

    @Test
    void theFirstStepRunsPlainlyTheSecondIsTracedAndNoMoreJavaRuns() {
        try (Trainer trainer = trainer(new Dense(1), new Adam(0.1).with(counting()))) {
            List<Integer> counts = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                step(trainer, 1, 2);
                counts.add(tails);
            }
            assertEquals(List.of(1, 2, 2, 2, 2), counts);
        }
    }

    @Test
    void anotherBatchSizeIsAnotherTail() {
        try (Trainer trainer = trainer(new Dense(1), new Adam(0.1).with(counting()))) {
            for (int i = 0; i < 4; i++) {
                step(trainer, 1, 2);
                step(trainer, 1);
            }
            assertEquals(4, tails);
        }
    }

    @Test
    void tailsThatKeepChangingRunPlainlyAndAreNotKept() {
        try (Trainer trainer = trainer(new Dense(1), new Adam(0.1).with(counting()))) {
            step(trainer, 1);
            int live = trainer.session().liveHandles();
            for (int size = 1; size <= 30; size++) {
                for (int i = 0; i < 3; i++) {
                    step(trainer, new float[size]);
                }
            }
            assertTrue(tails > 70, "tails " + tails);
            assertEquals(live, trainer.session().liveHandles());
        }
    }

    @Test
    void aTailNotUsedForLongGivesItsPlaceToAnother() {
        try (Trainer trainer = trainer(new Dense(1), new Adam(0.1).with(counting()))) {
            for (int size = 1; size <= 6; size++) {
                step(trainer, new float[size]);
                step(trainer, new float[size]);
            }
            int functions = FunctionCount.of(trainer.session());
            assertEquals(6, functions);
            tails = 0;
            for (int i = 0; i < 200; i++) {
                step(trainer, new float[7]);
            }
            assertEquals(91, tails); // Plain until the tail of step 2 has been idle for 100 steps: step 103 is traced.
            assertEquals(functions, FunctionCount.of(trainer.session()));
            step(trainer, new float[2]);
            assertEquals(91, tails);
        }
    }

    @Test
    void tailsThatTakeTurnsDoNotDriveEachOtherOut() {
        try (Trainer trainer = trainer(new Dense(1), new Adam(0.1).with(counting()))) {
            for (int i = 0; i < 20; i++) {
                for (int size = 1; size <= 8; size++) {
                    step(trainer, new float[size]);
                }
            }
            assertEquals(6 * 2 + 2 * 20, tails);
        }
    }

    @Test
    void aLayerFrozenInBetweenStaysAsItIs() {
        Dense first = new Dense(1);
        Model model = Sequential.of(first, new Dense(1));
        try (Trainer trainer =
                Trainer.of(model).loss(SQUARES).optimizer(new Sgd(0.01)).build()) {
            for (int i = 0; i < 3; i++) {
                step(trainer, 1, 2);
            }
            float before = kernel(trainer, 0);
            float other = kernel(trainer, 2);
            first.trainable(false);
            for (int i = 0; i < 3; i++) {
                step(trainer, 1, 2);
            }
            assertEquals(before, kernel(trainer, 0));
            assertTrue(other != kernel(trainer, 2));
            first.trainable(true);
            step(trainer, 1, 2);
            assertTrue(before != kernel(trainer, 0));
        }
    }

    private static float kernel(Trainer trainer, int index) {
        List<Variable<?>> all = new ArrayList<>();
        trainer.model().variables().forEach(all::add);
        return value(trainer.session(), all.get(index));
    }

    private static float value(TapeSession session, Variable<?> variable) {
        float[] value = new float[1];
        session.unrecorded(() -> value[0] = session.read(
                variable.read(session.tf()),
                tensor -> tensor.asRawTensor().data().asFloats().getFloat(0)));
        return value[0];
    }

    private void requirePlain(Trainer trainer, Consumer<Trainer> before) {
        try (trainer) {
            before.accept(trainer);
            for (int i = 0; i < 5; i++) {
                step(trainer, 1, 2);
            }
            assertEquals(5, tails);
        }
    }

    @Test
    void aScheduleOfTheUsersRunsInEveryStep() {
        Schedule own = (tf, step) -> tf.constant(0.1);
        requirePlain(trainer(new Dense(1), new Adam(own).with(counting())), trainer -> {});
        tails = 0;
        requirePlain(trainer(new Dense(1), new Adam(own.warmup(0, 3)).with(counting())), trainer -> {});
    }

    @Test
    void aConstraintOfTheUsersRunsInEveryStep() {
        Constraint none = (tf, value) -> value;
        requirePlain(
                trainer(new Dense(1).kernel(w -> w.constraint(none)), new Adam(0.1).with(counting())), trainer -> {});
    }

    @Test
    void aGradientRuleOfTheUsersRunsInEveryStep() {
        requirePlain(
                trainer(new Dense(1), new Adam(0.1).with(counting())), trainer -> GradientRegistry.of(trainer.session())
                        .register("Betainc", (tf, op) -> op.propagate(0, () -> op.gradient(0))));
    }

    @Test
    void aSessionThatRemembersWhereOpsWereMadeRunsThemAll() {
        try (TapeSession session = TapeSession.builder().debug(true).build()) {
            requirePlain(
                    Trainer.of(Sequential.of(new Dense(1)))
                            .loss(SQUARES)
                            .optimizer(new Adam(0.1).with(counting()))
                            .session(session)
                            .build(),
                    trainer -> {});
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4})
    void anOpThatFailsOnTheWayBackIsNamedAndNothingHasChanged(int goodSteps) {
        Optimizer adam = new Adam(0.1);
        try (Trainer trainer = trainer(new Root(), adam)) {
            step(trainer, 1, 2, 3);
            for (int i = 0; i < goodSteps; i++) {
                step(trainer, 1, 2);
            }
            List<Double> before = state(trainer, adam);
            int live = trainer.session().liveHandles();
            GradientException e = assertThrows(GradientException.class, () -> step(trainer, 0, 1));
            assertTrue(e.getMessage().contains("CheckNumerics 'sequential/root/Check'"), e.getMessage());
            assertTrue(e.getMessage().contains("Sub ← Sqrt ← CheckNumerics"), e.getMessage());
            assertEquals(before, state(trainer, adam));
            assertEquals(live, trainer.session().liveHandles());
            step(trainer, 1, 2);
        }
    }

    private static List<Double> state(Trainer trainer, Optimizer optimizer) {
        List<Variable<?>> all = new ArrayList<>();
        trainer.model().variables().forEach(all::add);
        optimizer.state().forEach(all::add);
        List<Double> values = new ArrayList<>();
        TapeSession session = trainer.session();
        session.unrecorded(() -> all.forEach(variable ->
                values.add(session.scalar(Tensors.cast(session.tf(), variable.read(session.tf()), TFloat64.class)))));
        return values;
    }
}
