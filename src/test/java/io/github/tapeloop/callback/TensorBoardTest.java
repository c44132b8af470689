package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.GraphDef;
import org.tensorflow.proto.HistogramProto;

/** Event files, read back record by record. */
class TensorBoardTest {

    private final FakeRun run = new FakeRun();
    private final Clock clock = Clock.fixed(Instant.ofEpochSecond(1_700_000_000L, 250_000_000), ZoneOffset.UTC);

    @TempDir
    Path directory;

    private TensorBoard tensorBoard() {
        return new TensorBoard(directory, clock);
    }

    /** The events of all files of a directory, in the order of their names. */
    static List<org.tensorflow.proto.Event> events(Path directory) throws IOException {
        List<org.tensorflow.proto.Event> events = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                assertTrue(file.getFileName().toString().startsWith("events.out.tfevents."), file.toString());
                ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
                while (bytes.hasRemaining()) {
                    int length = Math.toIntExact(bytes.getLong(bytes.position()));
                    requireChecksum(bytes, 8);
                    events.add(org.tensorflow.proto.Event.parseFrom(requireChecksum(bytes, length)));
                }
            }
        }
        return events;
    }

    /** Unmasks the checksum after some bytes, the other way round than it was made. */
    private static byte[] requireChecksum(ByteBuffer from, int length) {
        byte[] data = new byte[length];
        from.get(data);
        int unmasked = Integer.rotateLeft(from.getInt() - 0xa282ead8, 15);
        CRC32C crc = new CRC32C();
        crc.update(data);
        assertEquals((int) crc.getValue(), unmasked);
        return data;
    }

    private List<String> lines(String part) throws IOException {
        return events(directory.resolve(part)).stream()
                .map(event -> event.getFileVersion().isEmpty()
                        ? String.format(
                                Locale.ROOT,
                                "%d %s %.2f",
                                event.getStep(),
                                event.getSummary().getValue(0).getTag(),
                                event.getSummary().getValue(0).getSimpleValue())
                        : event.getFileVersion())
                .toList();
    }

    @Test
    void scalarsOfEpochsAreDividedIntoTrainingAndValidation() throws IOException {
        TensorBoard callback = tensorBoard();
        run.begin(callback);
        run.steps = 3;
        callback.onTestEnd(run, Event.TestEnd.of(Map.of("loss", 0.75)));
        run.epoch(callback, 0, Map.of("loss", 0.5, "accuracy", 0.25, "val_loss", 0.75));
        run.epoch(callback, 1, Map.of("loss", 0.25, "accuracy", 0.5));
        run.end(callback);
        assertEquals(
                List.of(
                        "brain.Event:2",
                        "0 epoch_accuracy 0.25",
                        "0 epoch_learning_rate 0.10",
                        "0 epoch_loss 0.50",
                        "1 epoch_accuracy 0.50",
                        "1 epoch_learning_rate 0.10",
                        "1 epoch_loss 0.25"),
                lines("train"));
        assertEquals(
                List.of("brain.Event:2", "3 evaluation_loss_vs_iterations 0.75", "0 epoch_loss 0.75"),
                lines("validation"));
        assertEquals(1_700_000_000.25, events(directory.resolve("train")).get(1).getWallTime());
    }

    @Test
    void batchesAreWrittenAsOftenAsAskedAndOtherwiseNotRead() throws IOException {
        TensorBoard callback = tensorBoard().updateFrequency(4);
        run.begin(callback);
        for (int step : new int[] {1, 2, 3, 4, 6, 9, 11}) { // Some events stand for several steps.
            run.steps = step;
            boolean due = step == 4 || step == 9;
            callback.onTrainBatchEnd(run, Event.BatchEnd.of(step - 1, 1, () -> {
                assertTrue(due, "read at step " + step);
                return Map.of("loss", 1.0 / step);
            }));
        }
        run.end(callback);
        assertEquals(List.of("brain.Event:2", "4 batch_loss 0.25", "9 batch_loss 0.11"), lines("train"));
        assertFalse(Files.exists(directory.resolve("validation")));
    }

    @Test
    void eachRunWritesAFileOfItsOwnWhichIsCompleteAfterEachEpoch() throws IOException {
        TensorBoard callback = tensorBoard();
        run.run(callback, "loss", 1);
        run.begin(callback);
        run.epoch(callback, 0, Map.of("loss", 2.0));
        assertEquals(6, lines("train").size(), "before the end of the second run");
        run.end(callback);
        try (Stream<Path> files = Files.list(directory.resolve("train"))) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void aDirectoryThatCannotBeMadeIsNamed() throws IOException {
        Path file = Files.createFile(directory.resolve("taken"));
        TensorBoard callback = new TensorBoard(file);
        UncheckedIOException thrown = assertThrows(UncheckedIOException.class, () -> run.begin(callback));
        assertTrue(thrown.getMessage().contains("taken"), thrown.getMessage());
        run.end(callback);
    }

    @Test
    void aHistogramCountsEveryFiniteValueOnce() {
        double[] values = DoubleStream.concat(
                        IntStream.rangeClosed(0, 960).mapToDouble(i -> i / 32.0),
                        DoubleStream.of(Double.NaN, Double.NEGATIVE_INFINITY))
                .toArray();
        HistogramProto histogram = Histogram.of(values);
        assertEquals(0, histogram.getMin());
        assertEquals(30, histogram.getMax());
        assertEquals(961, histogram.getNum());
        assertEquals(14415, histogram.getSum());
        assertEquals(288450.15625, histogram.getSumSquares());
        assertEquals(30, histogram.getBucketCount());
        assertEquals(30, histogram.getBucketLimitCount());
        assertEquals(1, histogram.getBucketLimit(0));
        assertEquals(30, histogram.getBucketLimit(29));
        assertEquals(961, histogram.getBucketList().stream().mapToDouble(x -> x).sum());
        assertEquals(33, histogram.getBucket(29), "the largest value is in the last bucket");
    }

    @Test
    void weightsOfATrainedModelBecomeHistogramsAndNothingIsLeftBehind() throws IOException {
        Batches data =
                Dataset.of(new float[][] {{1, 2}, {3, 4}}, new int[] {0, 1}).batch(1);
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(3)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.1))
                .build()) {
            trainer.fit(data, Fit.epochs(1).validation(data));
            int handles = trainer.session().liveHandles();
            TensorBoard callback = tensorBoard().histogramFrequency(2).updateFrequency(1);
            trainer.fit(data, Fit.epochs(3).validation(data).callbacks(callback));
            assertEquals(handles, trainer.session().liveHandles());
        }
        List<String> histograms = new ArrayList<>();
        for (org.tensorflow.proto.Event event : events(directory.resolve("train"))) {
            if (event.getSummary().getValueCount() > 0
                    && event.getSummary().getValue(0).hasHisto()) {
                HistogramProto histogram = event.getSummary().getValue(0).getHisto();
                histograms.add(
                        event.getStep() + " " + event.getSummary().getValue(0).getTag() + " " + histogram.getNum());
            }
        }
        assertEquals(
                List.of(
                        "0 sequential/dense/kernel/histogram 6.0",
                        "0 sequential/dense/bias/histogram 3.0",
                        "2 sequential/dense/kernel/histogram 6.0",
                        "2 sequential/dense/bias/histogram 3.0"),
                histograms);
        assertEquals(
                List.of("4", "6", "8"), // Two steps of the first run are counted.
                lines("validation").stream()
                        .filter(line -> line.contains("_vs_iterations"))
                        .map(line -> line.split(" ")[0])
                        .toList());
    }

    @Test
    void equalValuesAndNoValuesHaveOneBucket() {
        assertEquals(List.of(2.0), Histogram.of(new double[] {5, 5}).getBucketList());
        assertEquals(List.of(5.0), Histogram.of(new double[] {5, 5}).getBucketLimitList());
        assertEquals(List.of(0.0), Histogram.of(new double[] {Double.NaN}).getBucketList());
    }

    private List<GraphDef> graphs(String part) throws IOException {
        List<GraphDef> graphs = new ArrayList<>();
        for (org.tensorflow.proto.Event event : events(directory.resolve(part))) {
            if (!event.getGraphDef().isEmpty()) {
                graphs.add(GraphDef.parseFrom(event.getGraphDef()));
            }
        }
        return graphs;
    }

    private void trainCompiled(int stepsPerExecution, TensorBoard... callbacks) {
        Batches data = Dataset.of(new float[][] {{1, 2}, {3, 4}, {5, 6}, {7, 8}}, new int[] {0, 1, 2, 0})
                .batch(1);
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(3)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(0.1))
                .compiled()
                .stepsPerExecution(stepsPerExecution)
                .build()) {
            for (TensorBoard callback : callbacks) {
                trainer.fit(data, Fit.epochs(2).validation(data).callbacks(callback));
            }
        }
    }

    @Test
    void theGraphsOfCompiledStepsAreWrittenOnceWithTheNamesOfLayers() throws IOException {
        trainCompiled(1, tensorBoard());
        GraphDef train = graphs("train").get(0);
        assertTrue(
                train.getNodeList().stream()
                        .anyMatch(node -> node.getName().equals("sequential/dense/MatMul")
                                && node.getOp().equals("MatMul")),
                train.toString());
        assertTrue(train.getNodeList().stream().anyMatch(node -> node.getOp().equals("ResourceApplyAdam")));
        assertEquals(1, graphs("train").size());
        assertEquals(1, graphs("validation").size());
        assertTrue(graphs("validation").get(0).getNodeList().stream()
                .noneMatch(node -> node.getOp().equals("ResourceApplyAdam")));
    }

    @Test
    void theGraphOfSeveralStepsInOneCallIsThatOfOneOfThem() throws IOException {
        trainCompiled(2, tensorBoard());
        assertEquals(1, graphs("train").size());
        assertTrue(graphs("train").get(0).getNodeList().stream()
                .anyMatch(node -> node.getOp().equals("ResourceApplyAdam")));
    }

    @Test
    void noGraphIsWrittenIfItIsNotWantedOrTracedInAnEarlierRun() throws IOException {
        trainCompiled(1, tensorBoard().writeGraph(false), tensorBoard());
        assertEquals(List.of(), graphs("train"));
    }

    @Test
    void frequenciesBelowOneAreRefused() {
        for (Runnable call : List.<Runnable>of(
                () -> tensorBoard().updateFrequency(0), () -> tensorBoard().histogramFrequency(0))) {
            IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, call::run);
            assertTrue(thrown.getMessage().contains("Frequency of at least 1, got 0"), thrown.getMessage());
        }
    }
}
