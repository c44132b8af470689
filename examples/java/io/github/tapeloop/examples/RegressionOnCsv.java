package io.github.tapeloop.examples;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Csv;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Normalization;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.RootMeanSquaredError;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.WeightDecay;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.nio.file.Path;
import java.util.List;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Guesses the alcohol of a wine, in percent, from twelve other measurements in a CSV file. They have units of all sizes, so
 * a {@link Normalization} adapted to the training data comes first, and one that undoes its work for the alcohol last.
 */
public final class RegressionOnCsv {

    /** The error of least squares on the same wines, by src/test/resources/oracle/wine.py, and of the training mean. */
    static final double LINEAR_REGRESSION = 0.581;

    static final double ALWAYS_THE_MEAN = 0.765;

    private static final Path WINES = Path.of("examples", "data", "csv", "wine.csv");

    private RegressionOnCsv() {}

    public static void main(String[] args) {
        System.out.printf(
                "validation error %.3f percent alcohol; linear regression has %.3f, the mean alone %.3f%n",
                run(200), LINEAR_REGRESSION, ALWAYS_THE_MEAN);
    }

    /** Trains on three wines of four, and gives the root mean squared error on every fourth. */
    static double run(int epochs) {
        Dataset wines = Csv.of(WINES)
                .dataset(new Fields<Csv.Row>()
                        .input(Csv.Column.numbers(
                                "malic_acid",
                                "ash",
                                "alcalinity_of_ash",
                                "magnesium",
                                "total_phenols",
                                "flavanoids",
                                "nonflavanoid_phenols",
                                "proanthocyanins",
                                "color_intensity",
                                "hue",
                                "od280_od315",
                                "proline"))
                        .target(Csv.Column.numbers("alcohol")))
                .cache();
        Dataset train = wines.filter(row -> row.number() % 4 != 3);
        Dataset validation = wines.filter(row -> row.number() % 4 == 3);

        Normalization inputs = new Normalization();
        Normalization alcohol = new Normalization().invert(true);
        try (Trainer trainer = Trainer.of(Sequential.of(inputs, new Dense(32, RELU), new Dense(1), alcohol))
                .loss(new MeanSquaredError())
                .optimizer(new Adam(0.01).with(WeightDecay.of(0.1)))
                .metrics(new RootMeanSquaredError())
                .threads(1, 1)
                .seed(42)
                .build()) {
            adapt(inputs, alcohol, trainer.session(), train);
            EarlyStopping patience = new EarlyStopping("val_loss").patience(30).restoreBest();
            trainer.fit(
                    train.shuffle(200).batch(16),
                    Fit.epochs(epochs).validation(validation.batch(64)).callbacks(patience));
            return trainer.evaluate(validation.batch(64)).get("root_mean_squared_error");
        }
    }

    private static void adapt(Normalization inputs, Normalization targets, TapeSession session, Dataset data) {
        Ops tf = session.tf();
        for (Batch all : data.batch(200)) {
            try (TensorScope scope = session.scope()) {
                inputs.adapt(tf, List.of(all.input(tf)));
                targets.adapt(tf, List.of(Tensors.cast(tf, all.target(tf), TFloat32.class)));
            }
        }
    }
}
