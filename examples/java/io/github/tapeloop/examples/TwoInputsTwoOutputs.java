package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;
import static io.github.tapeloop.layer.Activations.SIGMOID;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.data.Row;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.BinaryCrossentropy;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import java.util.Arrays;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/**
 * A model with two inputs and two outputs: it sees the upper and the lower half of a handwritten digit apart from each
 * other, and says which digit it is and whether that is odd. Each output has a loss of its own.
 */
public final class TwoInputsTwoOutputs {

    private static final int ROWS = 14;
    private static final int COLUMNS = 28;

    private TwoInputsTwoOutputs() {}

    /** Trains eager, then compiled: the figures are the same. */
    public static void main(String[] args) {
        System.out.println(train(builder(), 20_000, "eager"));
        System.out.println(train(builder().compiled(), 20_000, "compiled"));
    }

    /** Two encoders, joined, and two heads. */
    static final class Halves extends MultiModel {
        private final Sequential upper = layer("upper", Sequential.of(new Flatten(), new Dense(64, RELU)));
        private final Sequential lower = layer("lower", Sequential.of(new Flatten(), new Dense(64, RELU)));
        private final Concatenate both = layer(new Concatenate());
        private final Dense shared = layer("shared", new Dense(64, RELU));
        private final Dense digit = layer("digit", new Dense(10));
        private final Dense odd = layer("odd", new Dense(1, SIGMOID));

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> seen =
                    both.call(pass, upper.call(pass, inputs.get("upper")), lower.call(pass, inputs.get("lower")));
            Operand<TFloat32> features = shared.call(pass, seen);
            return Map.of("digit", digit.call(pass, features), "odd", odd.call(pass, features));
        }
    }

    static TrainerBuilder builder() {
        return Trainer.of(new Halves())
                .loss("digit", SparseCategoricalCrossentropy.fromLogits())
                .loss("odd", BinaryCrossentropy.fromProbabilities(), 0.5)
                .metrics("digit", new SparseCategoricalAccuracy())
                .metrics("odd", new BinaryAccuracy("accuracy"))
                .optimizer(new Adam())
                .threads(1, 1)
                .seed(11);
    }

    /** Trains on some of the digits for two epochs, and tells how well it does on digits it has not seen. */
    static String train(TrainerBuilder builder, int examples, String way) {
        try (Trainer trainer = builder.build()) {
            Dataset test = halves(Mnist.test());
            History history = trainer.fit(
                    halves(Mnist.train().take(examples)).shuffle(examples).batch(64),
                    Fit.epochs(2).validation(test.batch(500)));
            Map<String, FloatNdArray> first = trainer.predictAll(test.take(1).batch(1));
            return String.format(
                    "%s: loss %.4f (digit %.4f, odd %.4f), digit right %.4f, odd right %.4f; the first is odd with %.4f",
                    way,
                    history.last("val_loss"),
                    history.last("val_digit_loss"),
                    history.last("val_odd_loss"),
                    history.last("val_digit_accuracy"),
                    history.last("val_odd_accuracy"),
                    first.get("odd").getFloat(0, 0));
        }
    }

    /** Makes two inputs of each image and two targets of each label. */
    private static Dataset halves(Dataset digits) {
        int half = ROWS * COLUMNS;
        Shape shape = Shape.of(ROWS, COLUMNS);
        return digits.map(
                row -> row,
                new Fields<Row>()
                        .input("upper", Field.floats(shape, row -> Arrays.copyOf(row.floats("input"), half)))
                        .input(
                                "lower",
                                Field.floats(shape, row -> Arrays.copyOfRange(row.floats("input"), half, 2 * half)))
                        .target("digit", Field.integer(row -> row.integers("target")[0]))
                        .target("odd", Field.floats(Shape.of(1), row -> new float[] {row.integers("target")[0] % 2})));
    }
}
