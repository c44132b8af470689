package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.settings.Setters;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every setter of every callback, found by reflection, acts until the first run begins and is refused from then on. */
class CallbackSettingsTest {

    @TempDir
    Path directory;

    static Stream<Arguments> setters() {
        return CallbackKind.types().flatMap(type -> Setters.of(type)
                .map(setter -> Arguments.of(type.getSimpleName() + "." + setter.getName(), type, setter)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("setters")
    void aSetterActsBeforeTheFirstRunAndIsRefusedAfterIt(String name, Class<?> type, Method setter) throws Throwable {
        Setters.call(CallbackKind.make(type, directory), setter, CallbackKind.VALUES);

        Callback used = CallbackKind.make(type, directory);
        FakeRun run = new FakeRun();
        run.begin(used);
        assertRefused(used, setter);
        run.end(used);
        assertRefused(used, setter);
    }

    private static void assertRefused(Callback used, Method setter) {
        IllegalStateException error =
                assertThrows(IllegalStateException.class, () -> Setters.call(used, setter, CallbackKind.VALUES));
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
