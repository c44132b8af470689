package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.format.Links;
import io.github.tapeloop.runtime.ChildJava;
import io.github.tapeloop.state.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One writer of a directory at a time, in this process and in others. */
class DirectoryLockTest {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    @TempDir
    private Path temp;

    /** Saves a checkpoint, begins another and dies, or says why it cannot. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        try {
            CheckpointDirectory opened = CheckpointDirectory.open(directory, Retention.all());
            opened.save(Moments.moment(Long.parseLong(arguments[1]))).join();
            Files.createDirectory(directory.resolve(".tmp-99"));
            System.out.println("saved");
        } catch (CheckpointException e) {
            System.out.println(e.getMessage());
        }
        Runtime.getRuntime().halt(0);
    }

    private String child(long step) throws Exception {
        return ChildJava.succeed(LIMIT, List.of(), DirectoryLockTest.class, temp.toString(), String.valueOf(step));
    }

    @Test
    @Tag("process")
    void anotherProcessIsToldWhoWritesAndTakesOverFromOneThatDied() throws Exception {
        try (CheckpointDirectory directory = CheckpointDirectory.open(temp, Retention.all())) {
            String refused = child(1);
            assertTrue(refused.contains("process " + ProcessHandle.current().pid()), refused);
            assertTrue(refused.contains("wait until it has ended"), refused);
            assertEquals(List.of(), directory.checkpoints());
            // A second try in this process, which is refused, must not let the lock go: another process is refused
            // still.
            assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(temp, Retention.all()));
            assertTrue(child(1).contains("process " + ProcessHandle.current().pid()));
        }
        assertTrue(child(7).contains("saved"));
        assertTrue(Files.exists(temp.resolve(".tmp-99")));
        try (CheckpointDirectory directory = CheckpointDirectory.open(temp, Retention.all());
                Checkpoint latest = directory.latest().orElseThrow()) {
            assertEquals(7, latest.step());
            assertTrue(Files.notExists(temp.resolve(".tmp-99")));
        }
    }

    @Test
    void aDirectoryIsOneHoweverItIsNamed() throws Exception {
        Path real = Files.createDirectory(temp.resolve("real"));
        Path link = Links.create(temp.resolve("link"), real);
        try (CheckpointDirectory directory = CheckpointDirectory.open(real, Retention.all())) {
            for (Path other : new Path[] {link, real.resolve("../real"), real}) {
                CheckpointException no =
                        assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(other, Retention.all()));
                assertTrue(no.getMessage().contains("in this process"), no.getMessage());
            }
            directory.save(Moments.moment(1)).join();
        }
        CheckpointDirectory.open(link, Retention.all()).close();
    }
}
