package io.github.tapeloop.callback;

import io.github.tapeloop.loop.CallbackList;
import io.github.tapeloop.settings.Setters;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Every public callback: how to make it and what its setters take. */
public final class CallbackKind {

    /** Legal arguments of setters by type. */
    public static final Map<Class<?>, Object> VALUES = Map.of(
            double.class,
            0.5,
            boolean.class,
            true,
            int.class,
            3,
            long.class,
            3L,
            char.class,
            ';',
            Callback.Mode.class,
            Callback.Mode.MIN,
            String.class,
            "val_loss",
            String[].class,
            new String[] {"loss"});

    private CallbackKind() {}

    /** All classes. */
    public static Stream<Class<? extends Callback>> types() {
        return Setters.parts(Callback.class).filter(type -> type.getPackage() == Callback.class.getPackage());
    }

    /** Makes a callback of a class. */
    public static Callback make(Class<?> type, Path directory) {
        return Stream.of(
                        new CallbackList(List.of(), () -> false),
                        new CsvLogger(directory.resolve("log.csv")),
                        new EarlyStopping(),
                        new LearningRateFinder(),
                        new LearningRateScheduler((epoch, rate) -> rate),
                        new LossCurvePlot(directory.resolve("curve.svg")),
                        new ModelCheckpoint(directory.resolve("model")),
                        new ProgressBar(new PrintStream(OutputStream.nullOutputStream())),
                        new ReduceLrOnPlateau(),
                        new SwapEmaWeights(),
                        new TensorBoard(directory),
                        new TerminateOnNaN(),
                        new Timer(Duration.ofDays(1)))
                .filter(type::isInstance)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + type + " here: add one"));
    }
}
