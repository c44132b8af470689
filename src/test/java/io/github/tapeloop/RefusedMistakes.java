package io.github.tapeloop;

import static io.github.tapeloop.Mistake.CLASSES;
import static io.github.tapeloop.Mistake.TWO;
import static io.github.tapeloop.Mistake.X;
import static io.github.tapeloop.Mistake.YES_NO;
import static io.github.tapeloop.Mistake.ints;
import static io.github.tapeloop.Mistake.layers;
import static io.github.tapeloop.Mistake.mistake;
import static io.github.tapeloop.Mistake.optimizing;
import static io.github.tapeloop.Mistake.ownStep;
import static io.github.tapeloop.Mistake.sparse;
import static io.github.tapeloop.Mistake.to;
import static io.github.tapeloop.Mistake.with;

import io.github.tapeloop.Mistake.When;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.LossCurvePlot;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.optimizer.Sgd;
import java.nio.file.Path;
import java.util.List;

/** Mistakes that are refused: before the first step or by it. */
final class RefusedMistakes {

    private RefusedMistakes() {}

    /** What a step refuses. */
    static void addStepRefusals(List<Mistake> all) {
        all.add(mistake(
                "labels from 1 on",
                with(sparse()),
                layers(new Dense(3)),
                Dataset.of(X, new int[] {1, 2, 3, 1}),
                TWO,
                When.IN_THE_FIRST_STEP,
                "label value of 3",
                "[0, 3)",
                "Count classes from 0",
                "as many units as there are classes"));
        all.add(mistake(
                "an id that no embedding has",
                with(sparse()),
                layers(new Embedding(7, 2), new Flatten(), new Dense(3)),
                ints(new int[][] {{1, 2}, {3, 999}, {5, 6}, {0, 0}}),
                TWO,
                When.IN_THE_FIRST_STEP,
                "sequential/embedding",
                "999",
                "[0, 7)",
                "inputDim"));
        all.add(mistake(
                "whole numbers into Dense",
                with(sparse()),
                layers(new Dense(3)),
                ints(new int[][] {{1, 2}, {3, 9}, {5, 6}, {0, 0}}),
                TWO,
                When.IN_THE_FIRST_STEP,
                "sequential/dense",
                "int32 [4, 2]",
                "cast it to float32",
                "Embedding"));
        all.add(mistake(
                "a value read in the model",
                with(sparse()),
                layers(
                        new Dense(3),
                        new Lambda((pass, x) -> x.asTensor().shape().size() > 0 ? x : x)),
                CLASSES,
                TWO,
                When.IN_THE_FIRST_STEP,
                "reads a value",
                "compiled",
                "ops of tf"));
    }

    /** Monitors of what is not there, and runs without examples or weights. */
    static void addRunRefusals(List<Mistake> all) {
        all.add(mistake(
                "a monitor with another name",
                with(sparse(), new SparseCategoricalAccuracy()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.batch(4)).callbacks(new EarlyStopping("val_acc")),
                When.BEFORE_THE_FIRST_STEP,
                "EarlyStopping",
                "'val_acc'",
                "val_accuracy",
                "Is 'val_accuracy' meant?"));
        all.add(mistake(
                "a monitor as Keras names it",
                with(sparse(), new SparseCategoricalAccuracy()),
                layers(new Dense(3)),
                CLASSES,
                TWO.validation(CLASSES.batch(4)).callbacks(new ReduceLrOnPlateau("sparse_categorical_accuracy")),
                When.BEFORE_THE_FIRST_STEP,
                "ReduceLrOnPlateau",
                "Is 'accuracy' meant?"));
        all.add(mistake(
                "a curve of what nobody measures",
                with(sparse(), new SparseCategoricalAccuracy()),
                layers(new Dense(3)),
                CLASSES,
                TWO.callbacks(new LossCurvePlot(Path.of("target", "never.svg")).curves("loss", "acc")),
                When.BEFORE_THE_FIRST_STEP,
                "LossCurvePlot watches 'acc'",
                "Is 'accuracy' meant?"));
        all.add(mistake(
                "a plateau beside a schedule",
                optimizing(new Sgd(Schedule.cosineDecay(0.1, 10))),
                layers(new Dense(1)),
                to(YES_NO),
                TWO.callbacks(new ReduceLrOnPlateau("loss")),
                When.BEFORE_THE_FIRST_STEP,
                "ReduceLrOnPlateau",
                "schedule"));
        all.add(mistake(
                "a monitor of a validation that is not there",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES,
                TWO.callbacks(new EarlyStopping()),
                When.BEFORE_THE_FIRST_STEP,
                "'val_loss'",
                "there is no validation",
                "validation(…)"));
        all.add(mistake(
                "a validation without a test step",
                builder -> ownStep(builder, true),
                layers(new Dense(1)),
                to(YES_NO),
                TWO.validation(to(YES_NO).batch(4)),
                When.BEFORE_THE_FIRST_STEP,
                "step of its own",
                "cannot evaluate",
                "testStep(…)"));
        all.add(mistake(
                "no example",
                with(sparse()),
                layers(new Dense(3)),
                CLASSES.take(0),
                TWO,
                When.BEFORE_THE_FIRST_STEP,
                "no batch",
                "take"));
        all.add(mistake(
                "all layers frozen",
                with(sparse()),
                layers(new Dense(3).trainable(false)),
                CLASSES,
                TWO,
                When.IN_THE_FIRST_STEP,
                "no trainable variables",
                "frozen"));
    }
}
