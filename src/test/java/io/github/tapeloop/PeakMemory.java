package io.github.tapeloop;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import io.github.tapeloop.tape.Recompute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * Prints by how many bytes the resident memory of this process grew at most while steps were taken: {@code PeakMemory
 * embedding}, or {@code PeakMemory recompute}. Nothing but the steps should grow: run it as {@link MemoryTest} does.
 */
public final class PeakMemory {

    private static final int ROWS = 1_000_000;
    private static final int BATCH = 128;
    private static final int STEPS = 6;
    private static final int BLOCKS = 8;
    private static final int WIDTH = 64;
    private static final int EXAMPLES = 8_192;

    private PeakMemory() {}

    public static void main(String[] args) throws IOException {
        if (args[0].equals("embedding")) {
            embedding();
        } else {
            recompute();
        }
    }

    private static long growth(Runnable steps) throws IOException {
        Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // The highest is what it is now.
        long before = highest();
        steps.run();
        return highest() - before;
    }

    private static long highest() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IOException("No VmHWM in /proc/self/status");
    }

    private static void embedding() throws IOException {
        for (Way way : Way.values()) {
            if (way != Way.VERIFIED) { // Which keeps the whole state besides, to take a step twice.
                embedding(way, new Adam(0.1).lazy(true), false);
            }
        }
        embedding(Way.EAGER, new Sgd(0.1), true);
    }

    /** The steps after some that made variable and slots. */
    private static void embedding(Way way, Optimizer optimizer, boolean dense) throws IOException {
        float[][] ids = new float[STEPS * BATCH][1];
        int[] labels = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i][0] = (i * 7919) % ROWS;
            labels[i] = i % 2;
        }
        Batches data = Dataset.of(ids, labels).batch(BATCH);
        Embedding table = new Embedding(ROWS, 32).embeddings(w -> w.initializer(Initializer.ones()));
        Model model = Sequential.of(table, new Flatten(), new Dense(2));
        Loss loss = SparseCategoricalCrossentropy.fromLogits();
        TrainerBuilder builder = Trainer.of(model).threads(1, 1).step((step, batch) -> {
            Ops tf = step.tf();
            try (GradientTape tape = step.tape()) {
                Operand<TFloat32> y = step.training().call(model, batch.input(tf));
                Operand<TFloat32> value = loss.call(tf, batch.target(tf), y);
                Gradients gradients = tape.gradients(value, model.trainableVariables());
                optimizer.apply(tf, dense ? gradients.map((v, g) -> g.asOutput()) : gradients);
                return Map.of("loss", value);
            }
        });
        try (Trainer trainer = way.of(builder).build()) {
            trainer.fit(data, Fit.epochs(1));
            long bytes = growth(() -> trainer.fit(data, Fit.epochs(1)));
            System.out.printf(
                    "embedding %,d x 32, batch %d, %d steps, %s %s, %s: peak growth %d bytes%n",
                    ROWS,
                    BATCH,
                    STEPS,
                    way,
                    optimizer.getClass().getSimpleName(),
                    dense ? "dense gradient" : "rows",
                    bytes);
        }
    }

    private static void recompute() throws IOException {
        for (boolean compiled : new boolean[] {false, true}) {
            for (boolean again : new boolean[] {true, false}) {
                System.out.printf(
                        "%d layers, %s, %s: peak growth %d bytes%n",
                        BLOCKS * BLOCKS,
                        compiled ? "compiled" : "eager",
                        again ? "recomputed" : "kept",
                        deep(compiled, again));
            }
        }
    }

    /** A pass through a deep net and back, after one with a small batch. */
    private static long deep(boolean compiled, boolean again) throws IOException {
        List<Layer> blocks = new ArrayList<>();
        for (int i = 0; i < BLOCKS; i++) {
            Layer[] layers = new Layer[BLOCKS];
            for (int k = 0; k < BLOCKS; k++) {
                layers[k] = new Dense(WIDTH, Activations.TANH);
            }
            blocks.add(Sequential.of(layers));
        }
        Model whole = Sequential.of(blocks.toArray(Layer[]::new));
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(7).build();
                TensorScope scope = session.scope()) {
            whole.call(ForwardPass.inference(session.tf()), input(session.tf(), 2));
            TracedFunction.Body body = (ops, given) -> {
                try (GradientTape tape = GradientTape.open(ops)) {
                    ForwardPass pass = ForwardPass.training(ops);
                    Operand<TFloat32> h = typed(given.get(0));
                    for (Layer block : blocks) {
                        h = again ? pass.repeatable(block::call, h, Recompute::call) : block.call(pass, h);
                    }
                    Gradients gradients = tape.gradients(h, whole.trainableVariables());
                    List<Operand<?>> results = new ArrayList<>();
                    for (Variable<?> variable : gradients.variables()) {
                        results.add(gradients.of(variable).orElseThrow());
                    }
                    return results;
                }
            };
            if (!compiled) {
                return growth(session, body);
            }
            TracedFunction.Spec open = new TracedFunction.Spec(DataType.DT_FLOAT, Shape.of(-1, WIDTH));
            try (TracedFunction function = TracedFunction.trace(session, "deep", List.of(open), body)) {
                return growth(session, (ops, given) -> List.copyOf(function.call(given)));
            }
        }
    }

    private static long growth(TapeSession session, TracedFunction.Body body) throws IOException {
        pass(session, body, 2);
        return growth(() -> pass(session, body, EXAMPLES));
    }

    private static void pass(TapeSession session, TracedFunction.Body body, int examples) {
        try (TensorScope scope = session.scope()) {
            body.apply(session.tf(), List.of(input(session.tf(), examples)));
        }
    }

    private static Operand<TFloat32> input(Ops tf, int examples) {
        return tf.fill(tf.constant(new int[] {examples, WIDTH}), tf.constant(0.5f));
    }

    @SuppressWarnings("unchecked") // The input is float32.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }
}
