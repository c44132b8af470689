package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.step.GradientReduction;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What stands between gradients and update acts in every step, whoever wrote it and however it is run. */
class GradientReductionTest {

    private static final double RATE = 0.0625;

    /** The trainer's own step, or the same one by hand, or a step that updates twice. */
    private enum Kind {
        OWN,
        CUSTOM,
        TWICE
    }

    static Stream<Arguments> ways() {
        return Stream.of(Mode.values()).flatMap(mode -> Stream.of(Kind.values()).map(kind -> Arguments.of(mode, kind)));
    }

    private static Trainer trainer(Mode mode, Kind kind, Optimizer optimizer, GradientReduction reduction) {
        Model model = Sequential.of(new Dense(8, Activations.RELU), new Dropout(0.2), new Dense(Problems.CLASSES));
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        TrainerBuilder builder =
                Trainer.of(model).reduction(reduction).loss(loss).seed(4).threads(1, 1);
        if (kind == Kind.OWN) {
            builder.optimizer(optimizer);
        } else {
            builder.includes(optimizer).step((step, batch) -> {
                Operand<TFloat32> value = null;
                for (int i = 0; i < (kind == Kind.TWICE ? 2 : 1); i++) {
                    Ops tf = step.tf();
                    try (GradientTape tape = step.tape()) {
                        value = loss.call(tf, batch.target(tf), step.training().call(model, batch.input(tf)));
                        step.minimize(optimizer, tape, value, model.trainableVariables());
                    }
                }
                return Map.of("loss", value);
            });
        }
        return mode.of(builder).build();
    }

    @SuppressWarnings("unchecked") // The weights are float32.
    private static Gradients doubled(Ops tf, Gradients gradients) {
        return gradients.map((variable, gradient) -> tf.math.mul((Operand<TFloat32>) gradient, tf.constant(2f)));
    }

    private static Batches data() {
        return Problems.batches(45, 5); // A call of several steps, another, and one step.
    }

    private static List<List<Double>> trained(Mode mode, Kind kind, Optimizer sgd, GradientReduction reduction) {
        try (Trainer trainer = trainer(mode, kind, sgd, reduction)) {
            trainer.fit(data(), Fit.epochs(2));
            List<List<Double>> weights = new ArrayList<>();
            Everything.variables(trainer).forEach((path, values) -> {
                if (path.startsWith("model/")) {
                    weights.add(values);
                }
            });
            assertEquals(4, weights.size());
            return weights;
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void toDoubleGradientsIsToDoubleTheLearningRate(Mode mode, Kind kind) {
        List<List<Double>> expected = trained(mode, kind, new Sgd(2 * RATE), GradientReduction.NONE);
        assertEquals(expected, trained(mode, kind, new Sgd(RATE), GradientReductionTest::doubled));
        assertNotEquals(expected, trained(mode, kind, new Sgd(RATE), GradientReduction.NONE));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void itSeesTheGradientsOfAScaledLoss(Mode mode, Kind kind) {
        Sgd scaled = new Sgd(RATE);
        scaled.setLossScale(LossScale.dynamic(1024, 1000));
        List<List<Double>> expected = trained(mode, kind, new Sgd(2 * RATE), GradientReduction.NONE);
        List<List<Double>> actual = trained(mode, kind, scaled, GradientReductionTest::doubled);
        for (int i = 0; i < expected.size(); i++) {
            for (int k = 0; k < expected.get(i).size(); k++) {
                assertEquals(expected.get(i).get(k), actual.get(i).get(k), 1e-5);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void oneThatThrowsLeavesEverythingAsItWas(Mode mode, Kind kind) {
        boolean[] armed = new boolean[1];
        GradientReduction reduction = (tf, gradients) -> {
            if (armed[0]) {
                throw new IllegalStateException("no worker answers");
            }
            return doubled(tf, gradients);
        };
        int thrown = 0;
        try (Trainer trainer = trainer(mode, kind, new Sgd(RATE), reduction);
                Trainer other = trainer(mode, kind, new Sgd(RATE), GradientReductionTest::doubled)) {
            for (int size : new int[] {5, 5, 7, 7, 5}) {
                Batches batches = Problems.batches(size * Mode.STEPS, size);
                Map<String, Object> before = lasting(trainer);
                armed[0] = true;
                if (fails(trainer, batches)) {
                    thrown++;
                    Map<String, Object> after = lasting(trainer);
                    before.forEach((path, value) -> assertEquals(value, after.get(path), path));
                } else {
                    other.fit(batches, Fit.epochs(1)); // What was traced before runs without the Java code.
                }
                armed[0] = false;
                trainer.fit(batches, Fit.epochs(1));
                other.fit(batches, Fit.epochs(1));
                assertEquals(lasting(other), lasting(trainer));
            }
        }
        assertTrue(mode == Mode.OP_BY_OP ? thrown == 5 : thrown >= 1, thrown + " times");
    }

    private static boolean fails(Trainer trainer, Batches batches) {
        try {
            trainer.fit(batches, Fit.epochs(1));
            return false;
        } catch (IllegalStateException e) {
            assertEquals("no worker answers", e.getMessage());
            return true;
        }
    }

    private static Map<String, Object> lasting(Trainer trainer) {
        Map<String, Object> all = Everything.of(trainer);
        all.keySet().removeIf(path -> path.startsWith("scores/") || path.equals("loop/next_order"));
        return all;
    }
}
