package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TensorValue;
import io.github.tapeloop.format.Links;
import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.warning.Warnings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** A directory of checkpoints: what is saved is there, whatever happens to the next one. */
class CheckpointDirectoryTest {

    @TempDir
    private Path temp;

    private Path run() {
        return temp.resolve("run");
    }

    private CheckpointDirectory open() {
        return CheckpointDirectory.open(run(), Retention.all());
    }

    private static void save(CheckpointDirectory directory, long... steps) {
        for (long step : steps) {
            directory.save(Moments.moment(step)).join();
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(run())) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void whatWasSavedComesBackAsItWas() throws IOException {
        try (CheckpointDirectory directory = open()) {
            assertEquals(Optional.empty(), directory.latest());
            Path path = directory
                    .save(Moments.moment(500, Map.of("val_loss", 0.1, "worst", Double.NaN)))
                    .join();
            assertEquals(run().resolve("000001-step-500"), path);
            assertEquals(List.of(path), directory.checkpoints());
            try (Checkpoint read = directory.latest().orElseThrow()) {
                assertEquals(500, read.step());
                assertEquals(Map.of("val_loss", 0.1, "worst", Double.NaN), read.scores());
                assertEquals(Map.of("threads", "1"), read.fingerprint());
                assertEquals(500, Moments.number(read));
                assertEquals(
                        List.of("model", "optimizer", "loop"),
                        List.copyOf(read.contents().parts().keySet()));
                read.contents().load("optimizer", in -> assertEquals(7, in.getLong("steps")));
                read.contents().load("loop", loop -> {
                    assertEquals(3, loop.getLong("epoch"));
                    assertEquals(0.1, loop.getDouble("rate"));
                    assertEquals(Double.NaN, loop.getDouble("nan"));
                    assertTrue(loop.getBoolean("stopping"));
                    assertEquals("enough \"is\" enough\n", loop.getString("reason"));
                    assertArrayEquals(new double[] {1, -0.0, Double.NEGATIVE_INFINITY}, loop.getDoubles("curve"));
                });
                Map<String, Object> values = read.contents().parts().get("loop").values();
                assertArrayEquals(new long[] {Long.MIN_VALUE, Long.MAX_VALUE}, (long[]) values.get("orders"));
                assertEquals(List.of("a", "ü"), values.get("said"));
            }
        }
        assertEquals(List.of(".lock", "000001-step-500"), names());
    }

    @Test
    void theSameMomentGivesTheSameBytes() throws IOException {
        try (CheckpointDirectory directory = open()) {
            save(directory, 5, 5);
        }
        for (String file : List.of("model.safetensors", "optimizer.safetensors", Manifest.NAME)) {
            assertEquals(
                    -1,
                    Files.mismatch(
                            run().resolve("000001-step-5").resolve(file),
                            run().resolve("000002-step-5").resolve(file)),
                    file);
        }
    }

    @Test
    void theNewestIsTheOneSavedLastWhateverItsStep() {
        try (CheckpointDirectory directory = open()) {
            save(directory, 100, 300, 200);
        }
        try (CheckpointDirectory directory = open();
                Checkpoint latest = directory.latest().orElseThrow()) {
            assertEquals(200, latest.step());
            save(directory, 250);
            assertEquals(
                    "000004-step-250",
                    directory.checkpoints().get(3).getFileName().toString());
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "a directory with an open file cannot be deleted there")
    void contentsAreClosedWhetherTheyCouldBeWrittenOrNot() throws IOException {
        Moments.HeapValue good = new Moments.HeapValue(1);
        Moments.HeapValue bad = new Moments.HeapValue(1);
        Moments.HeapValue late = new Moments.HeapValue(1);
        CheckpointDirectory directory = open();
        directory.save(of(good)).join();
        assertTrue(good.isClosed());
        Disk.delete(run());
        CompletableFuture<Path> failed = directory.save(of(bad));
        assertThrows(CompletionException.class, failed::join);
        assertTrue(bad.isClosed());
        assertThrows(CheckpointException.class, directory::close);
        assertThrows(IllegalStateException.class, () -> directory.save(of(late)));
        assertTrue(late.isClosed());
    }

    private static Moment of(TensorValue value) {
        return new Moment(
                1,
                Map.of(),
                Map.of(),
                new Contents(Map.of("model", new Contents.Part(Map.of("model/w", value), Map.of()))));
    }

    @Test
    void aDamagedNewestIsPassedOverWithAWarningThatSaysWhy() throws IOException {
        try (CheckpointDirectory directory = open()) {
            save(directory, 100, 200, 300);
            Path data = run().resolve("000003-step-300/model.safetensors");
            byte[] bytes = Files.readAllBytes(data);
            bytes[bytes.length - 1] ^= 1;
            Files.write(data, bytes);
            Files.delete(run().resolve("000002-step-200/checkpoint.json"));
            try (Warnings warnings = Warnings.open(true);
                    Checkpoint latest = directory.latest().orElseThrow()) {
                assertEquals(100, latest.step());
                assertEquals(100, Moments.number(latest));
                assertEquals(2, warnings.all().size());
                assertTrue(warnings.all().get(0).contains("000003-step-300"), warnings.all()::toString);
                assertTrue(warnings.all().get(0).contains("checksum"), warnings.all()::toString);
                assertTrue(warnings.all().get(1).contains("checkpoint.json"), warnings.all()::toString);
            }
            save(directory, 150);
            assertEquals(4, directory.checkpoints().size());
        }
        try (CheckpointDirectory directory = open();
                Checkpoint latest = directory.latest().orElseThrow()) {
            assertEquals(150, latest.step(), "it was saved after the damaged ones");
        }
    }

    @Test
    void ifNoneIsWholeItIsNotBegunAnewInSilence() throws IOException {
        try (CheckpointDirectory directory = open()) {
            save(directory, 100);
            Files.writeString(run().resolve("000001-step-100/checkpoint.json"), "{}");
            CheckpointException no = assertThrows(CheckpointException.class, directory::latest);
            assertTrue(no.getMessage().contains("got 1 that are not"), no.getMessage());
        }
    }

    @Test
    void leftoversAreSweptAndWhatIsNotOursStays() throws IOException {
        Files.createDirectories(run().resolve(".tmp-7/deep"));
        Files.writeString(run().resolve(".tmp-7/deep/x"), "x");
        Files.createDirectories(run().resolve(".gone-000001-step-1"));
        Files.writeString(run().resolve(".tmp-run.json"), "x");
        Files.writeString(run().resolve("notes.txt"), "mine");
        Files.createDirectories(run().resolve("00001-step-1"));
        Path outside = Files.createDirectories(temp.resolve("outside"));
        Files.writeString(outside.resolve("precious"), "x");
        Links.create(run().resolve(".tmp-7/link"), outside);
        open().close();
        assertEquals(List.of(".lock", "00001-step-1", "notes.txt"), names());
        assertTrue(Files.exists(outside.resolve("precious")));
    }

    @Test
    void whatNeedNotStayIsDeleted() throws IOException {
        try (CheckpointDirectory directory =
                CheckpointDirectory.open(run(), Retention.newest().last(2).best("val_loss", 1, false))) {
            double[] losses = {0.9, 0.2, 0.8, 0.7, 0.6};
            for (int i = 0; i < losses.length; i++) {
                directory.save(Moments.moment(i, Map.of("val_loss", losses[i]))).join();
            }
            try (Checkpoint best = directory.best("val_loss", false).orElseThrow()) {
                assertEquals(1, best.step());
            }
        }
        assertEquals(List.of(".lock", "000002-step-1", "000004-step-3", "000005-step-4"), names());
        try (CheckpointDirectory directory = CheckpointDirectory.open(
                run(), Retention.newest().last(1).best("val_loss", 1, false))) { // It reads the scores of those before.
            directory.save(Moments.moment(9, Map.of("val_loss", 0.5))).join();
        }
        assertEquals(List.of(".lock", "000002-step-1", "000006-step-9"), names());
    }

    /** Values that are not given before they are asked to. */
    private static final class SlowValue implements TensorValue {
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch answered = new CountDownLatch(1);

        @Override
        public Class<? extends TType> type() {
            return TFloat32.class;
        }

        @Override
        public Shape shape() {
            return Shape.of(1);
        }

        @Override
        public long bytes() {
            return Float.BYTES;
        }

        @Override
        public ByteBuffer slice(long from, int length) {
            asked.countDown();
            try {
                assertTrue(answered.await(5, TimeUnit.MINUTES));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return ByteBuffer.allocate(length);
        }

        @Override
        public void close() {}
    }

    @Test
    void savingDoesNotWaitAndOneIsInFlight() throws Exception {
        SlowValue slow = new SlowValue();
        try (CheckpointDirectory directory = open()) {
            CompletableFuture<Path> first = directory.save(of(slow));
            assertTrue(slow.asked.await(5, TimeUnit.MINUTES));
            assertFalse(first.isDone());
            directory.check();
            directory.report(new RunReport("running", "", Map.of(), 0, List.of())); // It does not wait.
            assertFalse(first.isDone());
            CompletableFuture<Path> second = CompletableFuture.supplyAsync(
                    () -> directory.save(Moments.moment(2)).join());
            assertThrows(TimeoutException.class, () -> second.get(50, TimeUnit.MILLISECONDS));
            assertEquals(List.of(".lock", ".tmp-1"), names());
            slow.answered.countDown();
            assertEquals(run().resolve("000002-step-2"), second.get(5, TimeUnit.MINUTES));
            assertTrue(first.isDone());
            assertTrue(Files.exists(run().resolve(RunFile.NAME)));
        }
    }

    @Test
    void anInterruptDoesNotShortenWhatIsWrittenNorIsItLost() {
        try (CheckpointDirectory directory = open()) {
            Thread.currentThread().interrupt();
            directory.save(Moments.moment(1));
            directory.report(new RunReport("running", "", Map.of(), 0, List.of()));
            directory.flush();
            try (Checkpoint latest = directory.latest().orElseThrow()) {
                assertEquals(1, Moments.number(latest));
            }
            assertTrue(Thread.interrupted());
            save(directory, 2);
            Thread.currentThread().interrupt();
        }
        assertTrue(Thread.interrupted());
        Thread.currentThread().interrupt();
        try (CheckpointDirectory directory = open()) {
            assertEquals(2, directory.checkpoints().size());
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void aFailureArrivesAtTheNextBoundaryOnceAndTheNextSaveTriesAgain() throws IOException {
        try (CheckpointDirectory directory = open()) {
            save(directory, 1);
            Path block = Files.writeString(run().resolve(".tmp-2"), "in the way");
            directory.save(Moments.moment(2)).exceptionally(e -> null).join();
            CheckpointException no = assertThrows(CheckpointException.class, directory::check);
            assertTrue(no.getMessage().contains("step 2"), no.getMessage());
            assertTrue(no.getMessage().contains(run().toString()), no.getMessage());
            directory.check();
            assertFalse(Files.exists(block), "what was half written is deleted");
            save(directory, 3);
            assertEquals(2, directory.checkpoints().size());
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "a directory with an open file cannot be deleted there")
    void aDirectoryThatWasDeletedOrReplacedIsSaidClearly() throws IOException {
        CheckpointDirectory directory = open();
        save(directory, 1);
        Disk.delete(run());
        directory.save(Moments.moment(2)).exceptionally(e -> null).join();
        CheckpointException gone = assertThrows(CheckpointException.class, directory::check);
        assertTrue(gone.getMessage().contains("not there any more"), gone.getMessage());
        directory.report(new RunReport("", "", Map.of(), 0, List.of()));
        assertThrows(CheckpointException.class, directory::flush);
        Files.createDirectories(run());
        Files.writeString(run().resolve(".lock"), "");
        directory.save(Moments.moment(3)).exceptionally(e -> null).join();
        CheckpointException replaced = assertThrows(CheckpointException.class, directory::close);
        assertTrue(replaced.getMessage().contains("deleted or replaced"), replaced.getMessage());
        assertEquals(List.of(".lock"), names());
    }

    @Test
    void aCheckpointOrItsDirectoryCanBeReadWithoutTheLock() {
        try (CheckpointDirectory directory = open()) {
            save(directory, 1, 2);
            try (Checkpoint newest = CheckpointDirectory.read(run());
                    Checkpoint older = CheckpointDirectory.read(run().resolve("000001-step-1"))) {
                assertEquals(2, newest.step());
                assertEquals(1, older.step());
            }
            for (String none : new String[] {"nothing", "000009-step-1", ""}) {
                Path path = temp.resolve(none);
                CheckpointException no = assertThrows(CheckpointException.class, () -> CheckpointDirectory.read(path));
                assertTrue(no.getMessage().contains(path.toString()), no.getMessage());
            }
        }
    }

    @Test
    void aReportIsReplacedAndKeepsWhatOthersAddedToIt() throws IOException {
        try (CheckpointDirectory directory = open()) {
            RunReport report = new RunReport(
                    "running", "model mlp\n", Map.of("seed", "7"), 1.5, List.of(Map.of("loss", Double.NaN)));
            directory.report(report);
            directory.flush();
            assertEquals(Optional.of(report), new RunFile(run()).read());
            Path file = run().resolve(RunFile.NAME);
            Files.writeString(file, Files.readString(file).replaceFirst("\\{", "{\"tags\": [\"good\"],"));
            directory.report(new RunReport("ended", "", Map.of(), 2, List.of()));
            directory.flush();
            assertEquals("ended", new RunFile(run()).read().orElseThrow().state());
            assertTrue(Files.readString(file).contains("\"tags\": [\"good\"]"));
            Files.writeString(file, "{");
            directory.report(report);
            directory.flush();
            assertEquals(Optional.of(report), new RunFile(run()).read());
        }
    }
}
