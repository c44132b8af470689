package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Augment;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Sgd;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** A run goes on at its place in the data, whatever the data goes through. */
class GoOnDataTest {

    private static final int EXAMPLES = 23;

    @TempDir
    private Path directory;

    private static Dataset rows() {
        SplittableRandom random = new SplittableRandom(3);
        float[][] inputs = new float[EXAMPLES][2];
        float[][] targets = new float[EXAMPLES][1];
        for (int i = 0; i < EXAMPLES; i++) {
            inputs[i] = new float[] {(float) random.nextDouble(), i / 10f};
            targets[i][0] = (float) random.nextDouble();
        }
        return Dataset.of(inputs, targets);
    }

    private static Dataset images() {
        SplittableRandom random = new SplittableRandom(4);
        float[] pixels = new float[EXAMPLES * 16];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) random.nextDouble();
        }
        float[][] targets = new float[EXAMPLES][1];
        for (float[] target : targets) {
            target[0] = (float) random.nextDouble();
        }
        return Dataset.of(
                new Columns().input(ColumnData.of(pixels, Shape.of(4, 4, 1))).target(ColumnData.of(targets)));
    }

    private static Dataset randomly(Dataset rows) {
        return rows.map(row -> row.with("input", new float[] {(row.seed() & 0xff) / 255f, 1}));
    }

    private static Dataset ragged() {
        float[][] inputs = new float[EXAMPLES][];
        float[][] targets = new float[EXAMPLES][1];
        for (int i = 0; i < EXAMPLES; i++) {
            inputs[i] = new float[1 + i * 5 % 6];
            Arrays.fill(inputs[i], i / 9f);
            targets[i][0] = i % 4;
        }
        return Dataset.of(new Columns().input(ColumnData.ragged(inputs)).target(ColumnData.of(targets)));
    }

    static Stream<Arguments> pipelines() {
        Map<String, Supplier<Batches>> table = new LinkedHashMap<>();
        table.put("in order", () -> rows().batch(4));
        table.put("shuffled", () -> rows().shuffle(50).batch(4));
        table.put("a small buffer", () -> rows().shuffle(5).batch(4).prefetch(2));
        table.put("a seed of its own", () -> rows().shuffle(9, 77).batch(4));
        table.put("without the remainder", () -> rows().shuffle(50).batch(4, true));
        table.put("random maps", () -> randomly(rows().shuffle(50)).batch(4));
        table.put(
                "filtered",
                () -> rows().shuffle(50).filter(row -> row.seed() % 3 != 0).batch(4));
        table.put("repeated", () -> rows().shuffle(50).repeat(2).batch(4));
        table.put(
                "joined",
                () -> rows().shuffle(9).interleave(2, rows().shuffle(7)).batch(4));
        table.put("one after the other", () -> rows().shuffle(9).concat(rows()).batch(4));
        table.put("windows", () -> rows().shuffle(50).window(3, 2).batch(4));
        table.put("padded", () -> ragged().shuffle(50).padBatch(4));
        table.put("buckets", () -> ragged().shuffle(50).bucketByLength(4, 2, 4));
        table.put("weighted", () -> Problems.clusters(20)
                .classWeights(Map.of(1, 2))
                .shuffle(50)
                .batch(4));
        table.put("several threads", () -> rows().shuffle(50)
                .map(2, row -> row.with("input", row.seed() % 7, 1f))
                .batch(4));
        table.put("cached below a shuffle", () -> rows().cache().shuffle(50).batch(4));
        table.put("cached above a shuffle", () -> rows().shuffle(50).cache().batch(4));
        table.put(
                "cached above a random map",
                () -> randomly(rows()).cache().shuffle(9).batch(4));
        table.put(
                "cached above both", () -> randomly(rows().shuffle(50)).cache().batch(4));
        table.put("a cached filter", () -> rows().filter(row -> row.seed() % 3 != 0)
                .cache()
                .shuffle(9)
                .batch(4));
        table.put("skipped and taken", () -> rows().shuffle(50).skip(2).take(17).batch(4));
        table.put("augmented", () -> images().shuffle(50)
                .augment(new Augment().flipHorizontally())
                .batch(4));
        table.put("a cache below what augments", () -> images().augment(new Augment().flipHorizontally())
                .cache()
                .shuffle(9)
                .batch(4));
        List<Arguments> all = new ArrayList<>();
        table.forEach((name, data) -> {
            all.add(Arguments.of(name, 0, data));
            all.add(Arguments.of(name, 4, data)); // Passes span epochs.
        });
        return all.stream();
    }

    /** One number of each example, whatever shape it has. */
    private static final class Sum extends Layer {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Operand<TInt32> size = tf.gather(tf.shape(x), tf.constant(0), tf.constant(0));
            Operand<TFloat32> flat = tf.reshape(x, tf.stack(List.of(size, tf.constant(-1))));
            Operand<TFloat32> sum = tf.reduceSum(flat, tf.constant(1));
            return tf.ensureShape(tf.expandDims(sum, tf.constant(1)), Shape.of(-1, 1));
        }
    }

    private List<String> run(Batches data, int stepsPerEpoch, KeptRuns archive) {
        return run(data, stepsPerEpoch, archive, builder -> builder);
    }

    private List<String> run(Batches data, int stepsPerEpoch, KeptRuns archive, UnaryOperator<TrainerBuilder> options) {
        Fit fit = Fit.epochs(4)
                .checkpoints(Checkpoints.in(directory).resume().everySteps(1).everyEpochs(1));
        if (stepsPerEpoch > 0) {
            fit = fit.stepsPerEpoch(stepsPerEpoch);
        }
        TrainerBuilder builder = Trainer.of(Sequential.of(new Sum(), new Dense(1)))
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0.05));
        try (Trainer trainer = options.apply(builder).seed(5).threads(1, 1).build()) {
            return KillableRun.epochs(trainer.fit(data, fit, archive));
        }
    }

    @ParameterizedTest(name = "{0}, {1} steps an epoch")
    @MethodSource("pipelines")
    void aRunGoesOnAtItsPlaceInTheData(String name, int stepsPerEpoch, Supplier<Batches> data) {
        KeptRuns kept = KeptRuns.empty();
        List<String> whole = run(data.get(), stepsPerEpoch, kept);
        for (int i = 0; i < kept.all.size(); i += 3) {
            try (KeptRuns further = KeptRuns.goingOnAt(kept.all.get(i).contents())) {
                assertEquals(
                        whole,
                        run(data.get(), stepsPerEpoch, further),
                        "after " + kept.all.get(i).steps());
            }
        }
        kept.close();
    }

    /** Of the steps of a call, only those are taken that the epoch has left. */
    @Test
    void anEpochThatGoesOnTakesNoStepBeyondItsEnd() {
        Batches data = rows().batch(2);
        KeptRuns kept = KeptRuns.empty();
        UnaryOperator<TrainerBuilder> several = builder -> builder.compiled().stepsPerExecution(3);
        List<String> whole = run(data, 4, kept, several);
        for (KeptRuns.Kept each : kept.all.subList(0, 3)) {
            try (KeptRuns further = KeptRuns.goingOnAt(each.contents())) {
                assertEquals(whole, run(data, 4, further, several), "after " + each.steps());
            }
        }
        kept.close();
    }
}
