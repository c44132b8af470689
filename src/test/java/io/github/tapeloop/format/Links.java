package io.github.tapeloop.format;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Symbolic links for tests: where a user may not make any, as on Windows, the test says so and is passed over. */
public final class Links {

    private Links() {}

    /** Makes a link. */
    public static Path create(Path link, Path target) {
        try {
            return Files.createSymbolicLink(link, target);
        } catch (IOException | UnsupportedOperationException e) {
            return abort("no link can be made here: " + e);
        }
    }
}
