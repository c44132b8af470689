package io.github.tapeloop;

import static io.github.tapeloop.Mistake.CLASSES;
import static io.github.tapeloop.Mistake.TWO;
import static io.github.tapeloop.Mistake.YES_NO;
import static io.github.tapeloop.Mistake.layers;
import static io.github.tapeloop.Mistake.logits;
import static io.github.tapeloop.Mistake.mistake;
import static io.github.tapeloop.Mistake.optimizing;
import static io.github.tapeloop.Mistake.ownStep;
import static io.github.tapeloop.Mistake.penalized;
import static io.github.tapeloop.Mistake.sparse;
import static io.github.tapeloop.Mistake.to;
import static io.github.tapeloop.Mistake.warned;
import static io.github.tapeloop.Mistake.with;

import io.github.tapeloop.Mistake.When;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Masking;
import io.github.tapeloop.loss.Hinge;
import io.github.tapeloop.metric.BinaryAccuracy;
import io.github.tapeloop.metric.Recall;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;

/** Mistakes of steps and runs that are warned of, and what looks like one and is none. */
final class RunMistakes {

    private RunMistakes() {}

    static void addRuns(List<Mistake> all) {
        all.add(warned(
                "losses of layers that a step leaves out",
                builder -> ownStep(builder, false),
                penalized(),
                to(YES_NO),
                "leaves out what layers have added to the loss",
                "pass.totalLoss(loss)"));
        all.add(warned(
                "a metric that a step does not feed",
                builder -> ownStep(builder, true).metrics(new BinaryAccuracy()),
                layers(new Dense(1)),
                to(YES_NO),
                "not updated the metrics [binary_accuracy]",
                "metric.update"));
        all.add(mistake(
                "an empty validation",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.take(0).batch(4)),
                When.WARNED_OF,
                "validation data has no batch",
                "take"));
        all.add(mistake(
                "a validation that is never due",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.batch(4)).validationFrequency(3),
                When.WARNED_OF,
                "No epoch of this run is followed by a validation",
                "validationFrequency"));
        all.add(mistake(
                "epochs longer than the data",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.stepsPerEpoch(3),
                When.WARNED_OF,
                "ran dry after 1 of 3 steps",
                "repeat"));
        all.add(mistake(
                "a learning rate far too large",
                optimizing(new Sgd(1e3)),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(4),
                When.WARNED_OF,
                "The loss has grown from",
                "LearningRateFinder"));
        all.add(mistake(
                "a learning rate beyond all",
                optimizing(new Sgd(1e30)),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(4),
                When.WARNED_OF,
                "The loss of epoch",
                "learning rate small enough"));
        all.add(mistake(
                "a learning rate of 0",
                optimizing(new Sgd(0)),
                layers(new Dense(1)),
                to(YES_NO),
                TWO,
                When.WARNED_OF,
                "The learning rate is 0"));
    }

    private static Dataset unlabelled(float mark) {
        return Dataset.of(new Columns()
                .input(ColumnData.of(Mistake.X))
                .target(ColumnData.of(new float[][] {{0}, {mark}, {1}, {0}}))
                .sampleWeight(new float[] {1, 0, 1, 1}));
    }

    static void addNone(List<Mistake> all) {
        for (float mark : new float[] {-1, Float.NaN}) {
            all.add(mistake(
                    "an example without a label, marked by " + mark,
                    with(logits()),
                    layers(new Dense(1)),
                    unlabelled(mark),
                    TWO,
                    When.NO_MISTAKE,
                    "its weight is 0"));
        }
        all.add(mistake(
                "steps without a label, where the input is masked",
                with(logits()),
                layers(new Masking(0), new Dense(1)),
                Dataset.of(new Columns()
                        .input(ColumnData.of(new float[] {1, 2, 3, 0, 4, 0, 5, 6}, Shape.of(2, 1)))
                        .target(ColumnData.of(new float[] {0, 1, 1, -1, 0, Float.NaN, 1, 1}, Shape.of(2, 1)))),
                TWO,
                When.NO_MISTAKE,
                "masked steps count for nothing"));
        all.add(mistake(
                "metrics of probabilities beside a loss of logits",
                with(logits(), new BinaryAccuracy(), new Recall()),
                layers(new Dense(1).bias(w -> w.initializer(Initializer.constant(9)))),
                to(YES_NO),
                TWO,
                When.NO_MISTAKE,
                "the loss tells them"));
        all.add(mistake(
                "steps that are not compiled",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO,
                When.NO_MISTAKE,
                "op by op is how a program is debugged"));
        all.add(mistake(
                "a warm-up from 0",
                optimizing(new Sgd(Schedule.constant(0.1).warmup(0, 5))),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(6),
                When.NO_MISTAKE,
                "the rate rises"));
        all.add(mistake(
                "losses of layers that a step minimises",
                builder -> ownStep(builder, true),
                penalized(),
                to(YES_NO),
                TWO,
                When.NO_MISTAKE,
                "totalLoss"));
        all.add(mistake(
                "a hinge of labels 0 and 1",
                with(new Hinge()),
                layers(new Dense(1)),
                to(YES_NO),
                TWO,
                When.NO_MISTAKE,
                "0 is taken for -1, as in Keras"));
        all.add(mistake(
                "a validation after each second epoch, and its loss watched",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                Fit.epochs(4)
                        .validation(CLASSES.batch(4))
                        .validationFrequency(2)
                        .callbacks(new EarlyStopping("val_loss").patience(3)),
                When.NO_MISTAKE,
                "epochs between are no epochs of the monitor"));
        all.add(mistake(
                "a monitor of a test step whose validation is not due yet",
                builder -> ownStep(builder, true)
                        .testStep((step, batch) -> Map.of("gap", step.tf().constant(1f))),
                layers(new Dense(1)),
                to(YES_NO),
                Fit.epochs(2)
                        .validation(to(YES_NO).batch(4))
                        .validationFrequency(2)
                        .callbacks(new EarlyStopping("val_gap").mode(Callback.Mode.MIN)),
                When.NO_MISTAKE,
                "its names are known after its first epoch"));
        all.add(mistake(
                "a softmax before a loss of logits, and nobody to look",
                with(sparse()),
                layers(new Dense(3, Activations.SOFTMAX)),
                CLASSES,
                TWO.checkFirstStep(false),
                When.NO_MISTAKE,
                "who leaves the look out is told nothing"));
    }
}
