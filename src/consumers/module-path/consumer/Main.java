package consumer;

import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.tape.GradientTape;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Trains a model of its own, by fit and by a step of its own. */
public final class Main {

    private static final class Line extends Model {
        private final Dense dense = layer(new Dense(1));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return dense.call(pass, x);
        }
    }

    private Main() {}

    public static void main(String[] args) {
        float[][] x = {{0}, {1}, {2}, {3}};
        float[][] y = {{1}, {3}, {5}, {7}};
        try (Trainer trainer = Trainer.of(new Line())
                .loss(new MeanSquaredError())
                .optimizer(new Adam(0.3))
                .compiled()
                .build()) {
            History history = trainer.fit(Dataset.of(x, y).batch(4), Fit.epochs(60));
            System.out.println("loss falls "
                    + (history.last("loss") < history.values("loss").get(0) / 10));
        }
        Line line = new Line();
        MeanSquaredError loss = new MeanSquaredError();
        Adam adam = new Adam(0.3);
        try (Trainer trainer = Trainer.of(line)
                .step((step, batch) -> {
                    Ops tf = step.tf();
                    try (GradientTape tape = step.tape()) {
                        Operand<TFloat32> value =
                                loss.call(tf, batch.target(tf), step.training().call(line, batch.input(tf)));
                        step.minimize(adam, tape, value, line.trainableVariables());
                        return Map.of("loss", value);
                    }
                })
                .build()) {
            History history = trainer.fit(Dataset.of(x, y).batch(4), Fit.epochs(60));
            System.out.println("own step learns "
                    + (history.last("loss") < history.values("loss").get(0) / 10));
        }
        System.out.println("module " + Trainer.class.getModule().getName());
    }
}
