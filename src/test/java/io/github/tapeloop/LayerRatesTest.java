package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Layers that learn at rates of their own, or not at all. */
class LayerRatesTest {

    private static final Batches ONE_BATCH = Problems.batches(30, 30);
    private static final Batches DATA = Problems.batches(60, 10);

    private static TrainerBuilder builder(Model model, Optimizer optimizer) {
        return Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(optimizer)
                .seed(8);
    }

    private static Map<String, float[]> weights(Model model) {
        Map<String, float[]> values = new TreeMap<>();
        for (Variable<?> variable : model.variables()) {
            TapeSession session = variable.session();
            session.unrecorded(() -> values.put(variable.name(), session.read(variable.read(session.tf()), tensor -> {
                float[] read = new float[(int) tensor.size()];
                tensor.asRawTensor().data().asFloats().read(read);
                return read;
            })));
        }
        return values;
    }

    /** What one step of Sgd at a rate of 1 and an evaluation before it make of the weights of a network. */
    private static Map<String, float[]> change(Way way, Optimizer optimizer) {
        Model model = Problems.network();
        try (Trainer trainer = way.of(builder(model, optimizer)).build()) {
            trainer.evaluate(ONE_BATCH);
            Map<String, float[]> before = weights(model);
            trainer.fit(ONE_BATCH, Fit.epochs(1));
            Map<String, float[]> change = weights(model);
            change.forEach((name, values) -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] -= before.get(name)[i];
                }
            });
            return change;
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachLayerLearnsAtItsRate(Way way) {
        Map<String, float[]> plain = change(way, new Sgd(0.5));
        Map<String, float[]> rates =
                change(way, ByVariable.otherwise(new Sgd(0.5)).use(new Sgd(0.05), name -> name.contains("/dense/")));
        assertEquals(4, plain.size());
        plain.forEach((name, expected) -> {
            float factor = name.contains("/dense/") ? 0.1f : 1;
            float[] scaled = expected.clone();
            for (int i = 0; i < scaled.length; i++) {
                scaled[i] *= factor;
            }
            assertTrue(largest(expected) > 1e-4, name + " changes");
            assertArrayEquals(scaled, rates.get(name), 1e-6f, name);
        });
    }

    private static double largest(float[] values) {
        float largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    @ParameterizedTest
    @EnumSource
    void aFrozenLayerStaysAsItIsWhileTheOthersLearn(Way way) {
        Dense frozen = new Dense(8, Activations.RELU);
        Model model = Sequential.of(frozen, new Dense(Problems.CLASSES));
        frozen.trainable(false);
        try (Trainer trainer = way.of(builder(model, new Sgd(0.1))).build()) {
            trainer.evaluate(DATA);
            Map<String, float[]> before = weights(model);
            History history = trainer.fit(DATA, Fit.epochs(5));
            weights(model).forEach((name, values) -> {
                boolean same = Arrays.equals(values, before.get(name));
                assertEquals(name.contains("/dense/"), same, name);
            });
            assertTrue(history.last("loss") < history.values("loss").get(0), history::toString);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLayerThatThawsLearnsInTheNextRun(Way way) {
        Dense first = new Dense(8, Activations.RELU);
        Model model = Sequential.of(first, new Dense(Problems.CLASSES));
        first.trainable(false);
        try (Trainer trainer = way.of(builder(model, new Sgd(0.1))).build()) {
            trainer.fit(DATA, Fit.epochs(1));
            Map<String, float[]> before = weights(model);
            first.trainable(true);
            trainer.fit(DATA, Fit.epochs(1));
            weights(model).forEach((name, values) -> assertFalse(Arrays.equals(values, before.get(name)), name));
        }
    }
}
