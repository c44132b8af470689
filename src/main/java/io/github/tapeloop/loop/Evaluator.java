package io.github.tapeloop.loop;

import io.github.tapeloop.callback.Event;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.step.Scores;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.tensorflow.ndarray.FloatNdArray;

/** The evaluator: runs data through a model without training it, for scores or for predictions. */
public record Evaluator(Engine engine) {

    /** Evaluates with events; the result is empty if there is no batch, or somebody asked to stop. */
    public Map<String, Double> evaluate(
            Batches data,
            Consumer<Event.BatchBegin> onBegin,
            Consumer<Event.BatchEnd> onEnd,
            BooleanSupplier stopRequested) {
        Scores scores = engine.testScores();
        scores.reset();
        engine.weights().toEvaluate();
        try (BatchIterator batches = data.open(engine.session().seed(), 0)) {
            boolean[] stopped = {false};
            BatchLoop loop = new BatchLoop(
                    engine.test(), scores, onBegin, onEnd, done -> stopped[0] = stopRequested.getAsBoolean());
            BatchLoop.Totals done = loop.run(batches, Long.MAX_VALUE, BatchLoop.Totals.NONE);
            return done.steps() == 0 || stopped[0] ? Map.of() : Collections.unmodifiableMap(scores.results());
        }
    }

    /** The outputs of the model by name, sorted; empty if there is no batch, or somebody asked to stop. */
    public Map<String, FloatNdArray> predict(Batches data, BooleanSupplier stopRequested) {
        engine.weights().toEvaluate();
        Map<String, Predictions> predictions = new TreeMap<>();
        boolean stopped = false;
        try (BatchIterator batches = data.open(engine.session().seed(), 0)) {
            while (!stopped && batches.hasNext()) {
                try (Batch batch = batches.next()) {
                    engine.predict().run(batch, outputs -> outputs.names().forEach(name -> predictions
                            .computeIfAbsent(name, key -> new Predictions())
                            .add(engine.session(), outputs.get(name))));
                }
                stopped = stopRequested.getAsBoolean();
            }
        }
        Map<String, FloatNdArray> arrays = new TreeMap<>();
        if (!stopped) {
            predictions.forEach((name, all) -> arrays.put(name, all.toArray()));
        }
        return arrays;
    }
}
