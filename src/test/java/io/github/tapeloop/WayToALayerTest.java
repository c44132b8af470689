package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Sgd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat32;

/** How many types a reader opens from {@code fit} to the first layer: those that the page on the architecture lists. */
class WayToALayerTest {

    private static final Path PAGE = Path.of("src/docs/architecture.md");

    /** Notes through which types a training step came here. */
    private static final class Traced extends Model {
        private final List<String> way = new ArrayList<>();
        private final Dense factor = layer(new Dense(1));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            if (pass.training()) {
                way.clear();
                List<StackTraceElement> frames = Arrays.asList(new Throwable().getStackTrace());
                Collections.reverse(frames);
                for (StackTraceElement frame : frames) {
                    String type =
                            frame.getClassName().replaceFirst("^.*\\.", "").replaceFirst("\\$.*", "");
                    boolean ours = frame.getClassName().startsWith("io.github.tapeloop.");
                    if (ours && !way.contains(type) && !type.equals("WayToALayerTest")) {
                        way.add(type);
                    }
                }
            }
            return factor.call(pass, x);
        }
    }

    private static List<String> way(boolean compiled) {
        Traced model = new Traced();
        Batches data = Dataset.of(new float[4][1], new float[4][1]).batch(2);
        TrainerBuilder builder = Trainer.of(model).loss(new MeanSquaredError()).optimizer(new Sgd(0.1));
        try (Trainer trainer = (compiled ? builder.compiled() : builder).build()) {
            trainer.fit(data, Fit.epochs(1));
        }
        return model.way;
    }

    /** The list under a heading of the page. */
    private static List<String> listed(String heading) throws IOException {
        String page = Files.readString(PAGE);
        String section = page.substring(page.indexOf(heading));
        Matcher item = Pattern.compile("(?m)^\\d+\\. `(\\w+)`").matcher(section.split("\n#", 2)[0]);
        List<String> types = new ArrayList<>();
        while (item.find()) {
            types.add(item.group(1));
        }
        return types;
    }

    @Test
    void anEagerStepComesThroughTheTypesOfThePage() throws IOException {
        List<String> way = way(false);
        assertEquals(listed("### The way of a batch, eager"), way);
        assertTrue(way.size() <= 8, way::toString);
    }

    @Test
    void aCompiledStepIsTracedThroughTheTypesOfThePage() throws IOException {
        assertEquals(listed("### The way of a batch, compiled"), way(true));
    }
}
