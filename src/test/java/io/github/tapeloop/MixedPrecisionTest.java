package io.github.tapeloop;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.GroupNormalization;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.RmsNormalization;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.UnitNormalization;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** Layers compute in half the bits, variables keep all of them. */
class MixedPrecisionTest {

    private static Model convolutional() {
        return Sequential.of(
                new Reshape(2, 2, 1),
                new Conv2D(4, 2, Activations.RELU),
                new MaxPool2D(1),
                new Flatten(),
                new Dropout(0.1),
                new Dense(16, Activations.TANH),
                new Dense(Problems.CLASSES));
    }

    static Stream<Arguments> ways() {
        return Stream.of(DtypePolicy.MIXED_FLOAT16, DtypePolicy.MIXED_BFLOAT16)
                .flatMap(precision -> Stream.of(0, 1, 4).map(perExecution -> Arguments.of(precision, perExecution)));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void theLossFallsAsInFullPrecision(DtypePolicy precision, int perExecution) {
        double full = lastLoss(DtypePolicy.FULL, perExecution);
        double mixed = lastLoss(precision, perExecution);
        assertEquals(full, mixed, 0.05 * full + 0.02);
    }

    private static double lastLoss(DtypePolicy precision, int perExecution) {
        TrainerBuilder builder =
                Problems.trainerOf(convolutional()).precision(precision).seed(3);
        if (perExecution > 0) {
            builder.compiled().stepsPerExecution(perExecution);
        }
        try (Trainer trainer = builder.build()) {
            History history =
                    trainer.fit(Problems.batches(400, 20), Fit.epochs(6).validation(Problems.batches(100, 30)));
            trainer.model().variables().forEach(variable -> assertEquals(TFloat32.class, variable.type()));
            return history.last("val_loss");
        }
    }

    @ParameterizedTest
    @EnumSource(names = "MIXED_.*", mode = EnumSource.Mode.MATCH_ALL)
    void layersComputeInHalfTheBitsAndTheOutputIsFloat32(DtypePolicy precision) {
        AtomicReference<Class<? extends TType>> seen = new AtomicReference<>();
        Model model = Sequential.of(new Dense(3, (tf, x) -> {
            seen.set(x.type());
            return tf.nn.relu(x);
        }));
        try (TapeSession session = TapeSession.builder().build();
                Batch batch = Batch.of(new float[][] {{1, 2}})) {
            ForwardPass pass = ForwardPass.inference(session.tf()).in(precision);
            assertEquals(
                    TFloat32.class, pass.call(model, batch.input(session.tf())).type());
            assertEquals(precision == DtypePolicy.MIXED_FLOAT16 ? TFloat16.class : TBfloat16.class, seen.get());
        }
    }

    static Stream<Arguments> normalizations() {
        return Stream.<Supplier<Layer>>of(
                        () -> new BatchNormalization().momentum(0.5),
                        LayerNormalization::new,
                        () -> new GroupNormalization(2),
                        RmsNormalization::new,
                        UnitNormalization::new)
                .flatMap(layer -> Stream.of(DtypePolicy.MIXED_FLOAT16, DtypePolicy.MIXED_BFLOAT16)
                        .map(precision -> Arguments.of(layer, precision)));
    }

    /** Squares of 600 are more than float16 holds, and the least norm is less than it holds. */
    @ParameterizedTest
    @MethodSource("normalizations")
    void normalizationsComputeInFloat32(Supplier<Layer> layers, DtypePolicy precision) {
        Layer full = layers.get();
        Layer mixed = layers.get();
        try (TapeSession session = TapeSession.builder().build()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(new float[][] {{-600, 600, 0, 20}, {300, -200, 0, 20}, {0, 0, 0, 0}});
            Operand<TFloat32> expected = ForwardPass.training(tf).call(full, x);
            Operand<TFloat32> y = ForwardPass.training(tf).in(precision).call(mixed, x);
            assertArrayEquals(values(session, expected), values(session, y), 1e-2);
            for (Variable<?> weight : full.variables()) {
                Variable<?> other = mixed.variables().get(weight.name());
                assertArrayEquals(values(session, weight.read(tf)), values(session, other.read(tf)), weight.name());
            }
        }
    }

    @Test
    void stepsWithGradientsThatAreNotFiniteAreSkippedAndHalveTheScale() {
        for (boolean traced : new boolean[] {false, true}) {
            LossScale scale = LossScale.dynamic(1024, 2);
            Sgd sgd = new Sgd(0.5);
            sgd.setLossScale(scale);
            List<Double> weights = new ArrayList<>();
            List<Double> scales = new ArrayList<>();
            try (TapeSession session = TapeSession.builder().build();
                    Trainer trainer = scaledTrainer(sgd, session, traced)) {
                for (float x : new float[] {1, Float.NaN, 1, 1, 1}) {
                    try (Batch batch = Batch.of(new float[][] {{x}}, new int[] {0})) {
                        trainer.trainOnBatch(batch);
                    }
                    weights.add(weight(session, trainer.model()));
                    scales.add(scale.value());
                }
                assertEquals(List.of(0.5, 0.5, 0.0, -0.5, -1.0), weights);
                assertEquals(List.of(1024.0, 512.0, 512.0, 1024.0, 1024.0), scales);
            }
        }
    }

    /** The gradient of w·x is x, so a step with x = 1 takes 0.5 off the weight, which starts as 1. */
    private static Trainer scaledTrainer(Sgd sgd, TapeSession session, boolean compiled) {
        Model model = Sequential.of(
                new Dense(1).useBias(false).kernel(w -> w.initializer(io.github.tapeloop.layer.Initializer.ones())));
        TrainerBuilder builder = Trainer.of(model)
                .session(session)
                .optimizer(sgd)
                .loss((tf, target, prediction) ->
                        tf.math.mean(tf.reshape(prediction, tf.constant(new int[] {-1})), tf.constant(0)));
        return (compiled ? builder.compiled() : builder).build();
    }

    private static double weight(TapeSession session, Model model) {
        Variable<?> kernel = model.variables().iterator().next();
        try (TensorScope scope = session.scope()) {
            return session.read(kernel.read(session.tf()), tensor -> (double) ((TFloat32) tensor).getFloat(0, 0));
        }
    }

    @Test
    void theScaleDividesOutOfTheGradients() {
        Sgd plain = new Sgd(1);
        Sgd scaled = new Sgd(1);
        scaled.setLossScale(LossScale.dynamic());
        try (TapeSession session = TapeSession.builder().build()) {
            Ops tf = session.tf();
            for (Sgd sgd : List.of(plain, scaled)) {
                Variable<TFloat32> x = Variable.create(tf, "x", tf.constant(3f), true);
                try (GradientTape tape = GradientTape.open(tf)) {
                    Operand<TFloat32> loss = sgd.scaleLoss(tf, tf.math.square(x.read(tf)));
                    sgd.apply(tf, tape.gradients(loss, io.github.tapeloop.state.Parameters.of(List.of(x))));
                }
                assertEquals(-3.0, session.scalar(x.read(tf)));
            }
        }
    }

    @Test
    void aSkippedStepOfAnOptimizerCountsNoStep() {
        Sgd sgd = new Sgd(1);
        sgd.setLossScale(LossScale.dynamic());
        try (TapeSession session = TapeSession.builder().build()) {
            Ops tf = session.tf();
            Variable<TFloat32> x = Variable.create(tf, "x", tf.constant(3f), true);
            Operand<TFloat32> scaled = sgd.scaleLoss(tf, tf.constant(Float.POSITIVE_INFINITY));
            sgd.apply(tf, Gradients.of(List.of(x), List.of(Optional.of(scaled))));
            assertEquals(3.0, session.scalar(x.read(tf)));
            assertEquals(
                    1 << 14,
                    session.scalar(
                            number(sgd.state().get("optimizer/loss_scale")).read(tf)));
            assertEquals(
                    0.0,
                    session.scalar(
                            number(sgd.state().get("optimizer/iterations")).read(tf)));
        }
    }

    @SuppressWarnings("unchecked")
    private static Variable<? extends org.tensorflow.types.family.TNumber> number(Variable<?> variable) {
        return (Variable<? extends org.tensorflow.types.family.TNumber>) variable;
    }

    @Test
    void underXlaALossScaleSkipsABadStepAndGoesOn() {
        float[][] x = {{1, -2}, {0.5f, 3}, {-1, 0}};
        float[][] bad = {{1, -2}, {Float.NaN, 3}, {-1, 0}};
        List<List<Double>> losses = new ArrayList<>();
        for (boolean byXla : new boolean[] {false, true}) {
            LossScale scale = LossScale.dynamic(1024, 3);
            Sgd sgd = new Sgd(0.1).momentum(0.9);
            sgd.setLossScale(scale);
            TrainerBuilder builder = Trainer.of(Sequential.of(new Dense(3)))
                    .loss(SparseCategoricalCrossentropy.fromLogits())
                    .optimizer(sgd)
                    .precision(DtypePolicy.MIXED_FLOAT16)
                    .seed(3)
                    .threads(1, 1);
            try (Trainer trainer = (byXla ? builder.jitCompile() : builder.compiled()).build()) {
                List<Double> curve = new ArrayList<>();
                for (float[][] inputs : List.of(x, bad, x, x, x)) {
                    float[] before = curve.isEmpty() ? new float[0] : kernel(trainer);
                    try (BatchIterator batches =
                            Dataset.of(inputs, new int[] {0, 1, 2}).batch(3).open(0, 0)) {
                        curve.add(trainer.trainOnBatch(batches.next()).get("loss"));
                    }
                    if (inputs == bad) {
                        assertArrayEquals(before, kernel(trainer));
                        assertEquals(512, scale.value());
                    }
                }
                assertEquals(1, scale.skipped());
                assertEquals(1024, scale.value());
                losses.add(curve);
            }
        }
        for (int step = 0; step < losses.get(0).size(); step++) {
            assertEquals(losses.get(0).get(step), losses.get(1).get(step), 1e-3, "step " + step);
        }
    }

    private static float[] kernel(Trainer trainer) {
        return trainer.model().variables().iterator().next().toFloats();
    }
}
