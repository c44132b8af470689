package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.optimizer.Update;
import io.github.tapeloop.state.Variable;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** A user's own parts plug into {@code fit} as the library's do. */
class UserPartsTest {

    /** y = 3x. */
    private static final Batches LINE = Dataset.of(
                    new float[][] {{1}, {2}, {3}, {4}}, new float[][] {{3}, {6}, {9}, {12}})
            .batch(4);

    private static final Loss SQUARES = (tf, target, prediction) -> {
        Operand<TFloat32> wanted = tf.dtypes.cast(target, TFloat32.class);
        return tf.math.mean(tf.math.square(tf.math.sub(prediction, wanted)), tf.constant(new int[] {0, 1}));
    };

    /** Multiplies by one number that it learns. */
    private static final class Scale extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Variable<TFloat32> factor = weight(pass, "factor", Shape.scalar(), x.type(), Initializer.ones());
            return pass.tf().math.mul(x, factor.read(pass.tf()));
        }
    }

    /** Moves each weight by the learning rate against the sign of its gradient. */
    private static final class SignDescent extends Optimizer {
        SignDescent(double learningRate) {
            super(learningRate);
        }

        @Override
        protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
            Ops tf = update.tf();
            variable.assignSub(tf, tf.math.mul(update.learningRate(variable.type()), tf.math.sign(gradient)));
        }
    }

    /** The mean absolute difference. */
    private static final class Distance extends Metric {
        Distance() {
            super("distance");
        }

        @Override
        public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            Operand<TFloat32> wanted = tf.dtypes.cast(target, TFloat32.class);
            average(tf, tf.math.abs(tf.math.sub(prediction, wanted)));
        }
    }

    @Test
    void aLambdaIsALoss() {
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                .loss(SQUARES)
                .optimizer(new Sgd(0.02))
                .build()) {
            assertTrue(trainer.fit(LINE, Fit.epochs(100)).last("loss") < 0.1);
        }
    }

    @Test
    void aLayerOfOnesOwnLearnsItsWeight() {
        Model model = Sequential.of(new Scale());
        try (Trainer trainer =
                Trainer.of(model).loss(SQUARES).optimizer(new Sgd(0.05)).build()) {
            trainer.fit(LINE, Fit.epochs(40));
            assertEquals(12f, trainer.predict(LINE).getFloat(3, 0), 1e-3f);
        }
    }

    @Test
    void anOptimizerOfOnesOwnMovesTheWeights() {
        try (Trainer trainer = Trainer.of(Sequential.of(new Scale()))
                .loss(SQUARES)
                .optimizer(new SignDescent(0.5))
                .build()) {
            trainer.fit(LINE, Fit.epochs(4)); // From 1 to 3 in four steps of a half.
            assertEquals(3f, trainer.predict(LINE).getFloat(0, 0), 1e-6f);
        }
    }

    @Test
    void aMetricOfOnesOwnReachesTheHistory() {
        try (Trainer trainer = Trainer.of(Sequential.of(new Scale()))
                .loss(SQUARES)
                .optimizer(new Sgd(0))
                .metrics(new Distance())
                .build()) {
            // Predictions are x, targets 3x: the distances are 2, 4, 6, 8.
            assertEquals(5.0, trainer.fit(LINE, Fit.epochs(1)).last("distance"), 1e-6);
        }
    }
}
