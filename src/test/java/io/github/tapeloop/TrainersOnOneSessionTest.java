package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.FunctionCount;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** What trainers leave in a session that is not theirs: the weights, and nothing else. */
class TrainersOnOneSessionTest {

    private static Model network() {
        return Sequential.of(
                new Dense(6, Activations.RELU),
                new BatchNormalization(),
                new Dropout(0.2),
                new Dense(Problems.CLASSES));
    }

    private static TrainerBuilder own(Model model, Optimizer optimizer) {
        return Problems.trainerOf(model).optimizer(optimizer);
    }

    private static TrainerBuilder custom(Model model, Optimizer optimizer) {
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        SparseCategoricalAccuracy accuracy = new SparseCategoricalAccuracy();
        SparseCategoricalAccuracy included = new SparseCategoricalAccuracy();
        return Trainer.of(model)
                .loss(loss)
                .metrics(accuracy)
                .includes(optimizer, included)
                .step((step, batch) -> {
                    Ops tf = step.tf();
                    try (GradientTape tape = step.tape()) {
                        Operand<TFloat32> logits = step.training().call(model, batch.input(tf));
                        Operand<TFloat32> value = loss.call(tf, batch.target(tf), logits);
                        step.minimize(optimizer, tape, value, model.trainableVariables());
                        accuracy.update(tf, batch.target(tf), logits);
                        included.update(tf, batch.target(tf), logits);
                        return Map.of("loss", value, "half", tf.math.mul(value, tf.constant(0.5f)));
                    }
                });
    }

    private static void use(Trainer trainer) {
        trainer.fit(
                Problems.batches(35, 5),
                Fit.epochs(1).validation(Problems.batches(5, 5)).onNonFinite(NonFinite.rollBack(2)));
        trainer.predict(Problems.batches(5, 5));
    }

    /** Some of each kind: what one of them leaves is seen after the next. */
    @ParameterizedTest
    @EnumSource(Way.class)
    void aClosedTrainerLeavesItsWeightsOnly(Way way) {
        leaveWeightsOnly(way, 10);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    @Tag("slow")
    void fiftyClosedTrainersLeaveTheirWeightsOnly(Way way) {
        leaveWeightsOnly(way, 50);
    }

    private static void leaveWeightsOnly(Way way, int trainers) {
        List<BiFunction<Model, Optimizer, TrainerBuilder>> kinds =
                List.of(TrainersOnOneSessionTest::own, TrainersOnOneSessionTest::custom);
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            int functions = 0;
            int handles = 0;
            for (int i = 0; i < trainers; i++) {
                Model model = network();
                Optimizer adam = new Adam(0.01);
                adam.setLossScale(LossScale.dynamic());
                TrainerBuilder builder = kinds.get(i % kinds.size()).apply(model, adam);
                try (Trainer trainer = way.of(builder).session(session).build()) {
                    use(trainer);
                }
                model.variables().forEach(Variable::close); // They are the session's, and would go with it.
                adam.state().forEach(Variable::close);
                if (i < kinds.size()) { // The session keeps what anybody may need again, such as constants.
                    functions = FunctionCount.of(session);
                    handles = session.liveHandles();
                }
                assertUsable(session);
                assertEquals(functions, FunctionCount.of(session), "functions after trainer " + i);
                assertEquals(handles, session.liveHandles(), "handles after trainer " + i);
            }
            assertEquals(0, functions);
        }
    }

    private static void assertUsable(TapeSession session) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            assertEquals(5, session.scalar(tf.math.add(tf.constant(2f), tf.constant(3f))));
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aModelOfAClosedTrainerGoesOnInTheNext(Way way) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Model model = network();
            Optimizer adam = new Adam(0.01);
            FloatNdArray before;
            try (Trainer trainer = way.of(own(model, adam)).session(session).build()) {
                use(trainer);
                before = trainer.predict(Problems.batches(12, 6));
            }
            try (Trainer trainer =
                    way.of(own(model, new Adam(0.01))).session(session).build()) {
                assertEquals(before, trainer.predict(Problems.batches(12, 6)));
                use(trainer);
            }
            try (Trainer trainer = way.of(own(model, adam)).session(session).build()) {
                use(trainer);
                assertEquals(2 * 7, count(session, adam.state().get("optimizer/iterations")));
            }
        }
    }

    private static long count(TapeSession session, Variable<?> variable) {
        try (TensorScope scope = session.scope()) {
            return session.read(variable.read(session.tf()), tensor -> ((TInt64) tensor).getLong());
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aTrainerThatFailedLeavesItsWeightsOnlyToo(Way way) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            int handles = 0;
            for (int i = 0; i < 5; i++) {
                Model model = network();
                Optimizer adam = new Adam(0.01);
                try (Trainer trainer = way.of(own(model, adam)).session(session).build()) {
                    Callback fails = Callback.epochEnd((run, event) -> {
                        throw new IllegalStateException("on purpose");
                    });
                    Fit options = Fit.epochs(1).callbacks(fails);
                    assertThrows(RuntimeException.class, () -> trainer.fit(Problems.batches(35, 5), options));
                }
                model.variables().forEach(Variable::close);
                adam.state().forEach(Variable::close);
                handles = i == 0 ? session.liveHandles() : handles;
                assertEquals(handles, session.liveHandles());
                assertEquals(0, FunctionCount.of(session));
            }
        }
    }

    @Test
    void whatAClosedTrainerHadSaysSo() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            SparseCategoricalAccuracy accuracy = new SparseCategoricalAccuracy();
            Trainer trainer = Problems.trainerOf(network())
                    .weightedMetrics(accuracy)
                    .session(session)
                    .build();
            trainer.evaluate(Problems.batches(12, 6));
            accuracy.result();
            trainer.close();
            trainer.close();
            IllegalStateException used =
                    assertThrows(IllegalStateException.class, () -> trainer.evaluate(Problems.batches(12, 6)));
            assertTrue(used.getMessage().contains("This trainer is closed"), used.getMessage());
            IllegalStateException read = assertThrows(IllegalStateException.class, accuracy::result);
            assertTrue(read.getMessage().contains("new model or metric"), read.getMessage());
        }
    }
}
