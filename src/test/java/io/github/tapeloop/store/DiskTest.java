package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is in use by another program on Windows is renamed and deleted a moment later; what cannot be is said at once. */
class DiskTest {

    static Stream<Arguments> failures() {
        String inUse = "The process cannot access the file because it is being used by another process";
        return Stream.of(
                Arguments.of(new FileSystemException("a", "b", inUse), true),
                Arguments.of(new AccessDeniedException("a"), true),
                Arguments.of(new DirectoryNotEmptyException("a"), true),
                Arguments.of(new NoSuchFileException("a"), false),
                Arguments.of(new FileAlreadyExistsException("a"), false),
                Arguments.of(new AtomicMoveNotSupportedException("a", "b", "no"), false),
                Arguments.of(new IOException("the device is gone"), false));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void onlyWhatMayPassIsTriedAgain(IOException failure, boolean passes) throws IOException {
        AtomicInteger tries = new AtomicInteger();
        Disk.Change change = () -> {
            if (tries.incrementAndGet() < 3) {
                throw failure;
            }
        };
        if (passes) {
            Disk.patiently(true, change);
            assertEquals(3, tries.get());
        } else {
            assertSame(failure, assertThrows(IOException.class, () -> Disk.patiently(true, change)));
            assertEquals(1, tries.get());
        }
        tries.set(0);
        assertSame(failure, assertThrows(IOException.class, () -> Disk.patiently(false, change)));
        assertEquals(1, tries.get(), "elsewhere nothing passes");
    }
}
