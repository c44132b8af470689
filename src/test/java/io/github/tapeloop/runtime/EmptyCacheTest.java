package io.github.tapeloop.runtime;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes that begin at once where TensorFlow's libraries have never been loaded: 680 MB are copied. */
@Tag("slow")
@Tag("process")
class EmptyCacheTest {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    @Test
    void aProcessWaitsForTheLibrariesThatAnotherOneIsCopying(@TempDir Path cache) throws Exception {
        List<String> options = List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache);
        CompletableFuture<String> late = CompletableFuture.supplyAsync(() -> output(options, cache.toString()));
        String first = output(options);
        assertTrue(first.contains("a session is open"), first);
        String second = late.join();
        assertTrue(second.contains("a session is open, begun while a library was half there"), second);
    }

    private static String output(List<String> options, String... arguments) {
        try {
            return ChildJava.succeed(LIMIT, options, EmptyCacheTest.class, arguments);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Opens a session: at once, or as soon as another process has begun to copy the library that is needed by another. */
    public static void main(String[] arguments) throws Exception {
        String begun = "";
        if (arguments.length > 0) {
            while (!isHalfThere(Path.of(arguments[0]))) {
                Thread.onSpinWait();
            }
            begun = ", begun while a library was half there";
        }
        try (TapeSession session = TapeSession.open()) {
            System.out.println("a session is open" + begun);
        }
    }

    private static boolean isHalfThere(Path cache) throws Exception {
        try (Stream<Path> files = Files.walk(cache)) {
            Optional<Path> framework = files.filter(
                            file -> file.getFileName().toString().contains("tensorflow_framework"))
                    .findAny();
            return framework.isPresent() && Files.size(framework.get()) > 1 << 20;
        } catch (UncheckedIOException | NoSuchFileException e) {
            return false; // It came or went under the walk.
        }
    }
}
