package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.state.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are full or cannot be written to: a clear exception, and what was there before stays. */
class BadDiskTest {

    @TempDir
    private Path temp;

    private static boolean succeeds(String... command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // There is no such program here.
        }
    }

    private static Moment large(long step) {
        Moments.HeapValue values = new Moments.HeapValue(new float[100_000]);
        return new Moment(
                step,
                Map.of(),
                Map.of(),
                new Contents(Map.of("model", new Contents.Part(Map.of("model/w", values), Map.of()))));
    }

    @Test
    void aFullDiskKeepsWhatIsThereAndTheNextSaveTriesAgain() throws Exception {
        boolean mounted = succeeds("mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", temp.toString());
        assumeTrue(mounted, "no small file system can be mounted here: a full disk is not tried");
        try (CheckpointDirectory directory =
                CheckpointDirectory.open(temp.resolve("run"), Retention.newest().last(2))) {
            directory.save(large(1)).join();
            directory.save(large(2)).exceptionally(e -> null).join();
            CheckpointException no = assertThrows(CheckpointException.class, directory::check);
            assertTrue(no.getMessage().contains("step 2, 400000 bytes"), no.getMessage());
            assertTrue(no.getMessage().contains("keep fewer"), no.getMessage());
            assertTrue(no.getMessage().contains("No space left"), no.getMessage());
            try (Checkpoint before = directory.latest().orElseThrow()) {
                assertEquals(1, before.step());
            }
            directory.retention(Retention.newest());
            directory.save(Moments.moment(3)).join();
            assertEquals(1, directory.checkpoints().size(), "it made room");
            directory.save(large(4)).join();
        } finally {
            assertTrue(succeeds("umount", temp.toString()));
        }
    }

    @Test
    void aDirectoryThatCannotBeWrittenToIsSaidBeforeTrainingBegins() {
        Path forbidden = Path.of("/sys/tapeloop"); // Not even root may make one there.
        assumeTrue(Files.isDirectory(forbidden.getParent()), "no such directory here");
        CheckpointException no =
                assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(forbidden, Retention.all()));
        assertTrue(no.getMessage().contains("can be written to, got " + forbidden), no.getMessage());
    }

    /** Takes the right to write to a directory from this user, who may be root. */
    private static boolean isLocked(Path run, boolean locked) throws InterruptedException {
        boolean done = run.toFile().setWritable(!locked) && Files.isWritable(run) != locked;
        return done || succeeds("chattr", locked ? "+i" : "-i", run.toString()) && Files.isWritable(run) != locked;
    }

    @Test
    void aDirectoryThatCannotBeWrittenToAnyMoreKeepsWhatIsThere() throws Exception {
        Path run = temp.resolve("run");
        try (CheckpointDirectory directory = CheckpointDirectory.open(run, Retention.all())) {
            directory.save(Moments.moment(1)).join();
            assumeTrue(
                    isLocked(run, true), "this user may write everywhere: a directory without that right is not tried");
            try {
                directory.save(Moments.moment(2)).exceptionally(e -> null).join();
                CheckpointException no = assertThrows(CheckpointException.class, directory::check);
                assertTrue(no.getMessage().contains("could not be written to " + run), no.getMessage());
                assertTrue(no.getMessage().contains("the right to write there"), no.getMessage());
                try (Checkpoint read = CheckpointDirectory.read(run)) {
                    assertEquals(1, read.step());
                }
            } finally {
                assertTrue(isLocked(run, false));
            }
            directory.save(Moments.moment(3)).join();
            assertEquals(2, directory.checkpoints().size());
        }
        assertTrue(isLocked(run, true));
        try {
            CheckpointException no =
                    assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(run, Retention.all()));
            assertTrue(no.getMessage().contains("can be written to, got " + run), no.getMessage());
        } finally {
            assertTrue(isLocked(run, false));
        }
    }

    @Test
    void aFileSystemThatIsReadOnlyIsSaidBeforeTrainingBeginsAndCanBeReadStill() throws Exception {
        boolean mounted = succeeds("mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", temp.toString());
        assumeTrue(mounted, "no file system can be mounted here: one that is read-only is not tried");
        Path run = temp.resolve("run");
        try {
            try (CheckpointDirectory directory = CheckpointDirectory.open(run, Retention.all())) {
                directory.save(Moments.moment(1)).join();
            }
            assertTrue(succeeds("mount", "-o", "remount,ro", temp.toString()));
            for (Path path : List.of(run, temp.resolve("another"))) {
                CheckpointException no =
                        assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(path, Retention.all()));
                assertTrue(no.getMessage().contains("can be written to, got " + path), no.getMessage());
            }
            try (Checkpoint read = CheckpointDirectory.read(run)) {
                assertEquals(1, read.step());
            }
        } finally {
            assertTrue(succeeds("umount", temp.toString()));
        }
    }

    @Test
    void aFileInPlaceOfTheDirectoryIsSaid() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "mine");
        CheckpointException no =
                assertThrows(CheckpointException.class, () -> CheckpointDirectory.open(file, Retention.all()));
        assertTrue(no.getMessage().contains(file.toString()), no.getMessage());
        assertEquals(List.of("mine"), Files.readAllLines(file));
    }
}
