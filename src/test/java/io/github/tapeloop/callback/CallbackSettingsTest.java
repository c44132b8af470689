package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.settings.Setters;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every setter of every callback, found by reflection, acts until the first run begins and is refused from then on. */
class CallbackSettingsTest {

    private static final Map<Class<?>, Object> VALUES = Map.of(
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
            Mode.class,
            Mode.MIN,
            String[].class,
            new String[] {"loss"});

    @TempDir
    Path directory;

    static Stream<Arguments> setters() {
        return Setters.parts(Callback.class)
                .filter(type -> type.getPackage() == Callback.class.getPackage())
                .flatMap(type -> Setters.of(type)
                        .map(setter -> Arguments.of(type.getSimpleName() + "." + setter.getName(), type, setter)));
    }

    private Callback make(Class<?> type) {
        return Stream.of(
                        new CallbackList(List.of()),
                        new CsvLogger(directory.resolve("log.csv")),
                        new EarlyStopping(),
                        new LearningRateFinder(),
                        new LearningRateScheduler((epoch, rate) -> rate),
                        new LossCurvePlot(directory.resolve("curve.svg")),
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

    @ParameterizedTest(name = "{0}")
    @MethodSource("setters")
    void aSetterActsBeforeTheFirstRunAndIsRefusedAfterIt(String name, Class<?> type, Method setter) throws Throwable {
        Setters.call(make(type), setter, VALUES);

        Callback used = make(type);
        FakeRun run = new FakeRun();
        run.begin(used);
        assertRefused(used, setter);
        run.end(used);
        assertRefused(used, setter);
    }

    private static void assertRefused(Callback used, Method setter) {
        IllegalStateException error =
                assertThrows(IllegalStateException.class, () -> Setters.call(used, setter, VALUES));
        String message = error.getMessage();
        assertTrue(message.startsWith(used.getClass().getSimpleName() + " was used already"), message);
        assertTrue(message.contains("its " + setter.getName()), message);
    }

    @Test
    void theReflectionFindsWhatItIsFor() {
        List<String> names = setters().map(row -> (String) row.get()[0]).toList();
        assertTrue(
                names.containsAll(List.of(
                        "EarlyStopping.patience",
                        "EarlyStopping.restoreBest",
                        "CsvLogger.separator",
                        "CsvLogger.append",
                        "SwapEmaWeights.swapOnEpoch")),
                names::toString);
    }

    @Test
    void aCallbackThatFollowedARunCanFollowAnother() {
        FakeRun run = new FakeRun();
        EarlyStopping stopping = new EarlyStopping("loss").patience(1);
        for (int i = 0; i < 2; i++) {
            run.run(stopping, "loss", 1, 2, 3, 4);
            assertTrue(run.stopReason().orElseThrow().contains("epoch 1"));
        }
    }
}
