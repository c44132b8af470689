package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.ActivityRegularization;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Conv2D;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.MaxPool2D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.layer.Reshape;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.optimizer.GradientAccumulation;
import io.github.tapeloop.optimizer.LossScale;
import io.github.tapeloop.optimizer.MovingAverage;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.optimizer.WeightDecay;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** An eager step whose tail is one native call trains as one that runs op by op. */
class TailTest {

    /** Ten whole batches and a short one. */
    private static final Batches DATA =
            Problems.clusters(105).shuffle(105).batch(10).prefetch(2);

    private static final int EPOCHS = 4;

    /** A metric of the user's: with it, nothing is left out of a step. */
    private static final class Silent extends Metric {
        private int updates;

        Silent() {
            super("silent");
        }

        @Override
        public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            updates++;
        }

        @Override
        protected Operand<TFloat64> compute(Ops tf) {
            return tf.constant(0.0);
        }
    }

    private record Case(
            String name,
            Supplier<Model> model,
            Supplier<Optimizer> optimizer,
            DtypePolicy precision,
            Callback... more) {

        @Override
        public String toString() {
            return name;
        }

        /**
         * How many steps run op by op: that on the first whole batch, that on the first short one, and the first after the
         * optimizer has met variables that it has to do with in every step from then on.
         */
        int plainSteps() {
            return optimizer.get().hasAverages() ? 3 : 2;
        }

        TrainerBuilder builder() {
            return Trainer.of(model.get())
                    .loss(SparseCategoricalCrossentropy.fromLogits())
                    .optimizer(optimizer.get())
                    .metrics(new SparseCategoricalAccuracy(), new Mean("mean_logit"))
                    .precision(precision)
                    .threads(1, 1)
                    .seed(8);
        }
    }

    /** What a training leaves behind. */
    private record Run(List<Double> losses, double accuracy, double meanLogit, List<float[]> weights, int handles) {}

    private static Model perceptron() {
        return Sequential.of(
                new Dense(8, Activations.RELU), new Dense(8, Activations.TANH), new Dense(Problems.CLASSES));
    }

    private static Model convolutional() {
        return Sequential.of(
                new Reshape(2, 2, 1),
                new Conv2D(4, 2, Activations.RELU),
                new BatchNormalization(),
                new MaxPool2D(1),
                new Flatten(),
                new Dropout(0.2),
                new BatchNormalization(),
                new Dense(Problems.CLASSES));
    }

    private static Model penalized() {
        return Sequential.of(
                new Dense(8, Activations.RELU).kernel(w -> w.regularizer(Regularizer.l2(0.01))),
                new ActivityRegularization(0.01, 0.01),
                new Dense(Problems.CLASSES).kernel(w -> w.regularizer(Regularizer.l1(0.01))));
    }

    private static Optimizer adam() {
        return new Adam(0.01);
    }

    private static Case of(String name, Supplier<Model> model, Supplier<Optimizer> optimizer, Callback... more) {
        return new Case(name, model, optimizer, DtypePolicy.FULL, more);
    }

    static Stream<Case> cases() {
        return Stream.of(
                of("perceptron", TailTest::perceptron, TailTest::adam),
                of("dropout and normalization", TailTest::convolutional, TailTest::adam),
                of("added losses", TailTest::penalized, TailTest::adam),
                of("clipping and decay", TailTest::perceptron, () -> new Sgd(0.1)
                        .momentum(0.9)
                        .with(Clip.globalNorm(0.5), WeightDecay.of(0.05))),
                of("accumulation and averages", TailTest::perceptron, () -> new Adam(0.01)
                        .with(GradientAccumulation.of(3), MovingAverage.of(0.9))),
                of("parts", TailTest::perceptron, () -> ByVariable.otherwise(new Adam(0.01))
                        .use(new Sgd(0.1), name -> name.endsWith("/bias"))),
                of(
                        "schedule",
                        TailTest::perceptron,
                        () -> new Adam(Schedule.cosineDecay(0.02, 40).warmup(0, 5))),
                of(
                        "rates set by a callback",
                        TailTest::perceptron,
                        TailTest::adam,
                        new LearningRateScheduler((epoch, rate) -> 0.02 / (epoch + 1))),
                of("loss scale", TailTest::perceptron, () -> {
                    Adam scaled = new Adam(0.01);
                    scaled.setLossScale(LossScale.dynamic(16, 5));
                    return scaled;
                }),
                new Case("mixed precision", TailTest::perceptron, TailTest::adam, DtypePolicy.MIXED_BFLOAT16));
    }

    private static Run train(Case subject, boolean plain) {
        List<Double> losses = new ArrayList<>();
        TrainerBuilder builder = subject.builder();
        Silent silent = new Silent();
        if (plain) {
            builder.metrics(silent);
        }
        TapeSession session;
        Run run;
        int[] tails = new int[1];
        OpRecorder listener = op -> tails[0] += op.type().startsWith("train_step_tail") ? 1 : 0;
        try (Trainer trainer = builder.build()) {
            RecordingEnvironment.of(trainer.session().tf()).startRecording(listener);
            List<Callback> callbacks = new ArrayList<>(List.of(subject.more()));
            callbacks.add(Callback.trainBatchEnd(
                    (now, event) -> losses.add(event.logs().get("loss"))));
            History history = trainer.fit(DATA, Fit.epochs(EPOCHS).callbacks(callbacks.toArray(Callback[]::new)));
            RecordingEnvironment.of(trainer.session().tf()).stopRecording(listener);
            assertEquals(plain ? EPOCHS * 11 : 0, silent.updates);
            assertEquals(plain ? 0 : EPOCHS * 11 - subject.plainSteps(), tails[0]);
            List<float[]> weights = new ArrayList<>();
            session = trainer.session();
            for (Variable<?> variable : trainer.model().variables()) {
                weights.add(values(session, variable));
            }
            run = new Run(losses, history.last("accuracy"), history.last("mean_logit"), weights, session.liveHandles());
        }
        assertEquals(0, session.liveHandles());
        return run;
    }

    private static float[] values(TapeSession session, Variable<?> variable) {
        float[][] values = new float[1][];
        session.unrecorded(() -> values[0] = session.read(variable.read(session.tf()), tensor -> {
            float[] all = new float[(int) tensor.size()];
            tensor.asRawTensor().data().asFloats().read(all);
            return all;
        }));
        return values[0];
    }

    @ParameterizedTest
    @MethodSource("cases")
    void stepsHaveTheLossesScoresAndWeightsOfPlainOnes(Case subject) {
        Run plain = train(subject, true);
        Run fast = train(subject, false);
        assertEquals(plain.losses().size(), fast.losses().size());
        for (int i = 0; i < plain.losses().size(); i++) {
            double loss = plain.losses().get(i);
            assertEquals(loss, fast.losses().get(i), 1e-6 * loss, "loss after batch " + i);
        }
        assertEquals(plain.accuracy(), fast.accuracy());
        assertEquals(plain.meanLogit(), fast.meanLogit(), 1e-6 * Math.abs(plain.meanLogit()) + 1e-7);
        for (int i = 0; i < plain.weights().size(); i++) {
            assertEquals(plain.weights().get(i).length, fast.weights().get(i).length);
            for (int k = 0; k < plain.weights().get(i).length; k++) {
                assertEquals(plain.weights().get(i)[k], fast.weights().get(i)[k], 1e-5f);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aSecondTrainingHasTheSameLossesBitForBit(Case subject) {
        Run first = train(subject, false);
        Run second = train(subject, false);
        assertEquals(first.losses(), second.losses());
        for (int i = 0; i < first.weights().size(); i++) {
            assertTrue(Arrays.equals(first.weights().get(i), second.weights().get(i)));
        }
    }
}
