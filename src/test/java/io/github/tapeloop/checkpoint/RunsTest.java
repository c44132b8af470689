package io.github.tapeloop.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.state.CheckpointException;
import io.github.tapeloop.store.CheckpointDirectory;
import io.github.tapeloop.store.Retention;
import io.github.tapeloop.store.RunReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many runs, side by side as text. */
class RunsTest {

    @TempDir
    private Path temp;

    private void run(String name, String state, double rate, List<Map<String, Double>> epochs) {
        try (CheckpointDirectory directory = CheckpointDirectory.open(temp.resolve(name), Retention.all())) {
            directory.report(new RunReport(
                    state,
                    "model mlp\nloss Mse\n\noptimizer Adam, " + rate + "\n",
                    Map.of("seed", "7"),
                    12.34,
                    epochs));
        }
    }

    @Test
    void eachRunHasALineAndWhatDiffersIsBelow() {
        run("wide/a", "ended", 0.1, List.of(Map.of("loss", 1.0, "val_loss", 0.75), Map.of("loss", 0.123456)));
        run("b", "stopped: enough\nis enough", 0.2, List.of(Map.of("loss", Double.NaN)));
        run("c", "running", 0.1, List.of());
        Runs runs = Runs.in(temp);
        assertEquals(
                List.of(
                        "run     state                      epochs  seconds  loss     val_loss",
                        "b       stopped: enough is enough  1       12.3     NaN",
                        "c       running                    0       12.3",
                        "wide/a  ended                      2       12.3     0.12346  0.75000",
                        "",
                        "b:",
                        "  optimizer Adam, 0.2",
                        "",
                        "c:",
                        "  optimizer Adam, 0.1",
                        "",
                        "wide/a:",
                        "  optimizer Adam, 0.1"),
                runs.toString().replace('\\', '/').lines().toList());
        Runs.Run wide = runs.all().get(2);
        assertEquals(0.75, wide.last("val_loss"));
        assertEquals(Double.NaN, wide.last("accuracy"));
        assertEquals(Map.of("seed", "7"), wide.environment());
        assertEquals(".", Runs.in(temp.resolve("b")).all().get(0).name());
    }

    @Test
    void noRunsNoDirectoryAndADamagedFileAreSaid() throws IOException {
        assertEquals("no runs", Runs.in(temp).toString().strip());
        assertThrows(CheckpointException.class, () -> Runs.in(temp.resolve("none")));
        Files.writeString(temp.resolve("run.json"), "{\"state\": 7}");
        CheckpointException no = assertThrows(CheckpointException.class, () -> Runs.in(temp));
        assertTrue(no.getMessage().contains("can be deleted"), no.getMessage());
    }
}
