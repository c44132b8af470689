package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.layer.Functional;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loop.SavedState;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.serving.DecodedSeries;
import io.github.tapeloop.serving.Examples;
import io.github.tapeloop.serving.Served;
import io.github.tapeloop.serving.ServedGraph;
import io.github.tapeloop.serving.Values;
import io.github.tapeloop.serving.Weights;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.store.Checkpoint;
import io.github.tapeloop.store.CheckpointDirectory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.types.family.TType;

/**
 * A trained model that predicts for any number of threads at a time: with the weights of one moment, compiled, without loss and
 * optimizer. It needs the trainer no more, which trains on, or is closed, meanwhile; {@link #refresh} takes over what that has
 * learnt.
 *
 * <pre>{@code
 * try (Predictor predictor = trainer.predictor()) {
 *     float[] scores = predictor.predict(features); // In any thread.
 *     trainer.fit(train, Fit.epochs(1));
 *     predictor.refresh(trainer);
 * }
 * }</pre>
 *
 * <p>Calls run side by side and wait for nobody, each on the thread that makes it, unless {@link Serving#microBatches} asks for
 * batches. A call is answered by exactly one version of the weights: that in force when it, or its batch, began. Outputs agree with those of {@link Trainer#predict} to rounding.
 */
public final class Predictor implements AutoCloseable {

    private static final Duration CLOSING = Duration.ofSeconds(30);

    private final Served served;
    private final Examples examples;
    private final List<String> labels;

    private Predictor(Served served, List<String> labels) {
        this.served = served;
        this.examples = new Examples(served.graph().kinds());
        this.labels = labels;
    }

    /** On the thread that is inside of the engine's trainer. */
    static Predictor of(Engine engine, SavedState saved, Serving options) {
        List<ServedGraph> traced = new ArrayList<>(1);
        try {
            saved.settle(() -> traced.add(trace(engine, options)));
            try (Weights weights = weights(engine, traced.get(0))) {
                return new Predictor(new Served(traced.get(0), weights, options.batches()), options.labels());
            }
        } catch (RuntimeException | Error e) {
            traced.forEach(ServedGraph::close);
            throw e;
        }
    }

    private static ServedGraph trace(Engine engine, Serving options) {
        List<Map<String, Spec>> kinds = engine.seenInputs().kinds();
        if (!options.kinds().isEmpty()) {
            return trace(engine, options.kinds(), options);
        }
        if (kinds.isEmpty() && engine.model() instanceof Functional model) {
            return trace(engine, List.of(model.inputs()), options);
        }
        if (kinds.isEmpty()) {
            throw new IllegalStateException(
                    "What the inputs of the model look like is not known, since no batch has been seen:"
                            + " train or predict first, or say it by Serving.of().input(Shape.of(…))");
        }
        if (kinds.size() == 1) {
            return trace(engine, kinds, options);
        }
        try { // One graph for all shapes, if the layers do without knowing them.
            return trace(engine, List.of(Examples.open(kinds)), options);
        } catch (IllegalArgumentException | OpException e) {
            try {
                return trace(engine, kinds, options);
            } catch (RuntimeException | Error worse) {
                worse.addSuppressed(e);
                throw worse;
            }
        }
    }

    private static ServedGraph trace(Engine engine, List<Map<String, Spec>> kinds, Serving options) {
        return options.decodes()
                ? ServedGraph.traceDecoding(
                        engine.session(), kinds, engine::predict, options.written(), engine.state()::allVariables)
                : ServedGraph.trace(engine.session(), kinds, engine::predict, engine.state()::allVariables);
    }

    static Weights weights(Engine engine, ServedGraph graph) {
        engine.weights().toEvaluate();
        return Weights.of(engine.session(), graph, engine.state().allVariables());
    }

    /**
     * Makes a predictor of a model that another process has trained. The weights are those that were saved; all else of the
     * checkpoint is left out. In Java the configuration of a model is its code, so the model comes as an object that has not been
     * called yet, and the shape of its input beside it.
     *
     * <pre>{@code
     * Predictor predictor = Predictor.load(directory, new Mlp(), Serving.of().input(Shape.of(784)));
     * }</pre>
     *
     * @param directory what was saved to, by {@link Trainer#save}, a {@code ModelCheckpoint} or a {@code fit} with checkpoints; of
     *     several checkpoints the newest
     * @param model of the same layers, not called yet; it is used up
     * @param options says what the inputs look like
     * @return to be closed by the caller
     * @throws io.github.tapeloop.state.CheckpointException if there is no checkpoint, it is damaged, one of another model, or holds
     *     weights that were to be trained on and not to evaluate with
     * @throws IllegalStateException if neither the options nor a functional model say what the inputs look like
     */
    public static Predictor load(Path directory, Model model, Serving options) {
        try (Checkpoint saved = CheckpointDirectory.read(directory);
                TapeSession session = TapeSession.open();
                Engine engine = new Engine(session, Plan.toPredict(model))) {
            ServedGraph graph = trace(engine, options);
            try (Weights weights = Weights.of(saved.contents(), graph)) {
                return new Predictor(new Served(graph, weights, options.batches()), options.labels());
            } catch (RuntimeException | Error e) {
                graph.close();
                throw e;
            }
        }
    }

    /**
     * Predicts for one example.
     *
     * @param example its only input: as many elements as the model takes, row-major
     * @return the only output, row-major
     * @throws IllegalArgumentException if the model has several inputs or outputs, takes no floats, or another number of them
     * @throws IllegalStateException after {@link #close}
     */
    public float[] predict(float... example) {
        return predict(new float[][] {example})[0];
    }

    /**
     * Predicts for some examples.
     *
     * @param batch the only input of each, row-major, one at least
     * @return the only output of each, row-major
     * @throws IllegalArgumentException if the model has several inputs or outputs, takes no floats, or another number of them
     * @throws IllegalStateException after {@link #close}
     */
    public float[][] predict(float[][] batch) {
        String output = onlyOutput();
        Examples.Given given = examples.of(batch);
        try {
            return rows(served.predict(given).get(0), batch.length, output);
        } finally {
            given.tensors().forEach(TType::close);
        }
    }

    /**
     * Predicts for an object, such as a record.
     *
     * @param record the object
     * @param fields how inputs are made of it; the targets among them are left out
     * @param <T> the class of the object
     * @return the only output, row-major
     * @throws IllegalArgumentException if the inputs are not those of the model, or it has several outputs
     * @throws IllegalStateException after {@link #close}
     */
    public <T> float[] predict(T record, Fields<T> fields) {
        String output = onlyOutput();
        try (Batch batch = Batch.ofRecords(List.of(record), fields)) {
            return rows(run(batch).get(0), 1, output)[0];
        }
    }

    /**
     * Predicts for a batch of examples, of any types and names.
     *
     * @param batch inputs as the model takes them; stays the caller's, and open until this returns. Several threads may predict the
     *     same one
     * @return the outputs by name, sorted, {@code output} if it is the only one of a plain model: float32 [batch, …]
     * @throws IllegalArgumentException if the inputs are not those of the model, which it names
     * @throws IllegalStateException after {@link #close}
     */
    public Map<String, FloatNdArray> predictAll(Batch batch) {
        List<Values> outputs = run(batch);
        Map<String, FloatNdArray> named = new TreeMap<>();
        for (String name : served.graph().outputs()) {
            named.put(name, outputs.get(named.size()).toArray());
        }
        return named;
    }

    private List<Values> run(Batch batch) {
        return served.predict(examples.of(batch));
    }

    /**
     * A class that a model chose.
     *
     * @param index which output is the largest, from 0
     * @param name the label of that class, its number if none was given
     * @param score that output: a logit or a probability, as the model gives it
     */
    public record Label(int index, String name, float score) {}

    /**
     * Chooses a class for one example: that of the largest output.
     *
     * @param example its only input, row-major
     * @return the class
     * @throws IllegalArgumentException as {@link #predict(float...)}, or if the outputs are not as many as the labels, or one only
     * @throws IllegalStateException after {@link #close}
     */
    public Label classify(float... example) {
        return label(predict(example));
    }

    /**
     * Chooses a class for an object: that of the largest output.
     *
     * @param record the object
     * @param fields how inputs are made of it; the targets among them are left out
     * @param <T> the class of the object
     * @return the class
     * @throws IllegalArgumentException as {@link #predict(Object, Fields)}, or if the outputs are not as many as the labels, or one
     *     only
     * @throws IllegalStateException after {@link #close}
     */
    public <T> Label classify(T record, Fields<T> fields) {
        return label(predict(record, fields));
    }

    private Label label(float[] scores) {
        if (scores.length < 2 || !labels.isEmpty() && labels.size() != scores.length) {
            throw new IllegalArgumentException("Expected "
                    + (labels.isEmpty() ? "two outputs or more" : "an output for each of the labels " + labels)
                    + ", got " + scores.length + ": ask for the output itself by predict");
        }
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return new Label(best, labels.isEmpty() ? String.valueOf(best) : labels.get(best), scores[best]);
    }

    /**
     * Begins to write series step by step: each step costs one step, where {@link #predict} would compute all those before again.
     * The predictor was made with {@link Serving#decoding}.
     *
     * <pre>{@code
     * try (Predictor.Decoding text = predictor.decoding(256)) {
     *     float[] scores = text.next(prompt);
     *     while (text.steps() < 256) {
     *         scores = text.next(choose(scores)); // A token, which is written down, too.
     *     }
     * }
     * }</pre>
     *
     * @param maxSteps how many steps a series has at most, prompt included; no more than a {@code PositionEmbedding} has learnt
     * @return to be closed by the caller
     * @throws IllegalArgumentException if the model has no so many steps
     * @throws IllegalStateException after {@link #close}, or if the predictor was made without {@link Serving#decoding}
     */
    public Decoding decoding(int maxSteps) {
        return new Decoding(served.decode(maxSteps, Map.of()));
    }

    /**
     * Begins to write series step by step where the model has other inputs, too, such as what an encoder reads. The predictor was
     * made with {@link Serving#decoding(String)}.
     *
     * @param maxSteps how many steps a series has at most, as in {@link #decoding(int)}
     * @param others the other inputs, by name, of one series or of several side by side; the batch stays the caller's and is copied
     * @return to be closed by the caller
     * @throws IllegalArgumentException if the model has no so many steps, or other inputs
     * @throws IllegalStateException after {@link #close}, or if the predictor was made without {@link Serving#decoding(String)}
     */
    public Decoding decoding(int maxSteps, Batch others) {
        Map<String, TType> tensors = new HashMap<>();
        others.inputNames().forEach(name -> tensors.put(name, others.inputTensor(name)));
        return new Decoding(served.decode(maxSteps, tensors));
    }

    /**
     * Series that are written step by step, one or several of the same length side by side. They are written to their end by the
     * weights that the predictor had when they were begun, whatever it is refreshed by meanwhile.
     *
     * <p>Of each step keys and values are kept until {@link #close}: 2 · series · steps · size floats for each attention, where size
     * is numHeads · keyDim, steps are 64 and twice as many whenever that is too few, at most maxSteps; where steps are masked, one
     * for each step besides; of another series that is attended to, keys and values in the same way, and a copy of what was given. A
     * decoding belongs to one thread at a time; any number of them run side by side.
     */
    public static final class Decoding implements AutoCloseable {

        private final DecodedSeries series;

        private Decoding(DecodedSeries series) {
            this.series = series;
        }

        /**
         * Goes on with the only series.
         *
         * @param ids of its next steps, one at least: first the prompt, then what was chosen
         * @return the model's output for the last of them, the scores of what comes next: [vocabulary]. It is that of the last step
         *     if the series is predicted as a whole, to rounding; that of a masked step means nothing
         * @throws IllegalArgumentException for no ids, more steps than maxSteps, or if there are several series
         * @throws IllegalStateException after {@link #close} or that of the predictor, or while another thread is inside
         * @throws io.github.tapeloop.runtime.OpException if the model does not know an id. After any error the series is as before
         */
        public float[] next(int... ids) {
            return series.next(new int[][] {ids})[0];
        }

        /**
         * Goes on with all series.
         *
         * @param ids of the next steps of each series, as many of each: [series][steps]. A series that has ended goes on with
         *     any id, and its scores are left out
         * @return the model's output for the last step of each, [series][vocabulary], as {@link #next(int...)} gives it
         * @throws IllegalArgumentException for no ids, other lengths, more steps than maxSteps, or another number of series than before
         * @throws IllegalStateException after {@link #close} or that of the predictor, or while another thread is inside
         * @throws io.github.tapeloop.runtime.OpException if the model does not know an id. After any error the series are as before
         */
        public float[][] next(int[][] ids) {
            return series.next(ids);
        }

        /**
         * How long the series are.
         *
         * @return the number of their steps so far, the prompt's included
         */
        public int steps() {
            return series.steps();
        }

        /** Frees what was kept, if a call runs when that ends. Any thread may call it, and twice. */
        @Override
        public void close() {
            series.close();
        }

        /** Says how far it is. */
        @Override
        public String toString() {
            return "Decoding, " + series;
        }
    }

    private String onlyOutput() {
        List<String> outputs = served.graph().outputs();
        if (outputs.size() != 1) {
            throw new IllegalArgumentException(
                    "The model has the outputs " + outputs + ": predict them by predictAll(batch)");
        }
        return outputs.get(0);
    }

    private static float[][] rows(Values values, int expected, String output) {
        float[][] rows = values.rows();
        if (rows.length != expected) {
            throw new IllegalStateException("Expected the output '" + output + "' to be [" + expected
                    + ", …], one for each example, got " + values.shape());
        }
        return rows;
    }

    /**
     * Takes over the weights that a trainer has now, in one moment for all threads: calls that have begun are answered by the
     * version before, all others by this one. May be called while calls run, in a callback of the trainer's run, and while that
     * is paused, as {@link Trainer#predict} may.
     *
     * @param trainer of a model of the same layers: that which made this predictor, or another one
     * @throws IllegalArgumentException if a variable is missing or has another shape or type; nothing is changed
     * @throws IllegalStateException after {@link #close}, or if the trainer is in use
     */
    public void refresh(Trainer trainer) {
        try (Weights weights = trainer.weights(served.graph())) {
            served.refresh(weights);
        }
    }

    /**
     * Takes over the weights of a checkpoint, in one moment for all threads, as {@link #refresh(Trainer)} does.
     *
     * @param directory what was saved to; of several checkpoints the newest
     * @throws io.github.tapeloop.state.CheckpointException as {@link #load}; nothing is changed
     * @throws IllegalStateException after {@link #close}
     */
    public void refresh(Path directory) {
        try (Checkpoint saved = CheckpointDirectory.read(directory);
                Weights weights = Weights.of(saved.contents(), served.graph())) {
            served.refresh(weights);
        }
    }

    /**
     * Whether calls are refused.
     *
     * @return true once {@link #close} was called
     */
    public boolean isClosed() {
        return served.isClosed();
    }

    /** {@link #close(Duration)} within 30 seconds. */
    @Override
    public void close() {
        close(CLOSING);
    }

    /**
     * Lets no call begin any more, waits for those that run, ends all decodings, and frees all. Any thread may call it, and twice.
     *
     * @param bound how long to wait at most; what runs longer frees itself when it ends
     * @throws IllegalStateException if calls still run then, or the thread was interrupted
     */
    public void close(Duration bound) {
        served.close(bound);
    }

    /** Says what goes in and what comes out. */
    @Override
    public String toString() {
        return served.graph().toString() + (isClosed() ? "; closed" : "");
    }
}
