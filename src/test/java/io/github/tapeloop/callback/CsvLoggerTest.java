package io.github.tapeloop.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.warning.Warnings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lines of a log file. */
class CsvLoggerTest {

    private final FakeRun run = new FakeRun();

    @TempDir
    Path directory;

    private List<String> lines() throws IOException {
        return Files.readAllLines(directory.resolve("log.csv"));
    }

    private CsvLogger logger() {
        return new CsvLogger(directory.resolve("log.csv"));
    }

    @Test
    void columnsAreSortedAndMissingValuesAreNa() throws IOException {
        CsvLogger logger = logger();
        run.begin(logger);
        run.epoch(logger, 0, Map.of("loss", 0.5, "accuracy", 0.25));
        assertEquals(List.of("epoch,accuracy,loss,val_accuracy,val_loss", "0,0.25,0.5,NA,NA"), lines());
        run.epoch(logger, 1, Map.of("loss", 0.25, "accuracy", 0.5, "val_accuracy", 0.4, "val_loss", 1e-9));
        run.end(logger);
        assertEquals("1,0.5,0.25,0.4,1.0E-9", lines().get(2));
    }

    /** What was measured and is no number is not what was not measured. */
    @Test
    void valuesThatAreNoNumbersAreWrittenAsTheyAre() throws IOException {
        CsvLogger logger = logger();
        run.run(logger, "loss", 0.5, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
        assertEquals(
                List.of("epoch,loss,val_loss", "0,0.5,NA", "1,NaN,NA", "2,Infinity,NA", "3,-Infinity,NA"), lines());
        for (String line : lines().subList(1, 5)) {
            Double.parseDouble(line.split(",")[1]);
        }
    }

    @Test
    void aNameWithALineBreakIsQuoted() throws IOException {
        run.run(logger(), "top\r5", 1);
        assertEquals("epoch,\"top\r5\",\"val_top\r5\"\n0,1.0,NA\n", Files.readString(directory.resolve("log.csv")));
    }

    @Test
    void aFirstEpochThatWasValidatedGivesAllColumns() throws IOException {
        CsvLogger logger = logger().separator(';');
        run.begin(logger);
        run.epoch(logger, 0, Map.of("loss", 0.5, "val_loss", 1.0));
        try (Warnings heard = Warnings.open(true)) {
            run.epoch(logger, 1, Map.of("loss", 0.4, "other", 7.0));
            run.epoch(logger, 2, Map.of("loss", 0.4, "other", 8.0));
            assertEquals(1, heard.all().size());
            assertTrue(
                    heard.all().get(0).contains("no column for 'other'"),
                    heard.all().toString());
        }
        run.end(logger);
        assertEquals(List.of("epoch;loss;val_loss", "0;0.5;1.0", "1;0.4;NA", "2;0.4;NA"), lines());
    }

    @Test
    void eachRunWritesTheFileAnewUnlessToldToAppend() throws IOException {
        CsvLogger logger = logger();
        run.run(logger, "loss", 1, 2);
        run.run(logger, "loss", 3);
        assertEquals(List.of("epoch,loss,val_loss", "0,3.0,NA"), lines());
        run.run(logger().append(), "loss", 4);
        assertEquals(List.of("epoch,loss,val_loss", "0,3.0,NA", "0,4.0,NA"), lines());
    }

    @Test
    void aFileWithoutALastLineBreakGetsOneBeforeItIsAppendedTo() throws IOException {
        Files.writeString(directory.resolve("log.csv"), "epoch,loss,val_loss\n0,3.0,NA");
        run.run(logger().append(), "loss", 4);
        run.run(logger().append(), "loss", 5);
        assertEquals(List.of("epoch,loss,val_loss", "0,3.0,NA", "0,4.0,NA", "0,5.0,NA"), lines());
    }

    @Test
    void appendingOtherColumnsIsRefused() {
        run.run(logger().append(), "loss", 1);
        CsvLogger other = logger().append();
        run.begin(other);
        IllegalStateException thrown =
                assertThrows(IllegalStateException.class, () -> run.epoch(other, 0, Map.of("accuracy", 1.0)));
        run.end(other);
        assertTrue(thrown.getMessage().contains("epoch,loss,val_loss"), thrown.getMessage());
        assertTrue(thrown.getMessage().contains("epoch,accuracy,val_accuracy"), thrown.getMessage());
    }

    @Test
    void aNameWithTheSeparatorIsQuoted() throws IOException {
        run.run(logger(), "top,\"5\"", 1);
        assertEquals("epoch,\"top,\"\"5\"\"\",\"val_top,\"\"5\"\"\"", lines().get(0));
    }

    @Test
    void aFileThatCannotBeWrittenIsNamed() {
        CsvLogger lost = new CsvLogger(directory.resolve("no/such/log.csv"));
        UncheckedIOException thrown = assertThrows(UncheckedIOException.class, () -> run.begin(lost));
        assertTrue(thrown.getMessage().contains("log.csv"), thrown.getMessage());
        run.end(lost);
    }
}
