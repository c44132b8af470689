package io.github.tapeloop.readme;

import static io.github.tapeloop.layer.Activations.RELU;

import io.github.tapeloop.Fit;
import io.github.tapeloop.FitHandle;
import io.github.tapeloop.History;
import io.github.tapeloop.Predictor;
import io.github.tapeloop.Serving;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.ProgressBar;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Functional;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Node;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.TransformerEncoder;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.FloatNdArray;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The code of the README, which a test compares with it: the regions are what it shows. */
final class ReadmeSnippets {

    private ReadmeSnippets() {}

    static History fit(Dataset train, Dataset test) {
        // region fit
        Model model = Sequential.of(new Flatten(), new Dense(64, RELU), new Dropout(0.1), new Dense(10));
        try (Trainer trainer = Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(1e-3))
                .metrics(new SparseCategoricalAccuracy())
                .seed(42)
                .build()) {
            History history = trainer.fit(
                    train.shuffle(60_000).batch(32).prefetch(2),
                    Fit.epochs(5).validation(test.batch(500)).callbacks(new ProgressBar()));
            Map<String, Double> scores = trainer.evaluate(test.batch(500));
            System.out.printf("test accuracy %.4f%n", scores.get("accuracy"));
            return history;
        }
        // endregion fit
    }

    // region model
    static final class Mlp extends Model {
        private final Dense hidden = layer(new Dense(64, RELU));
        private final Dense logits = layer(new Dense(10));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return logits.call(pass, hidden.call(pass, x));
        }
    }
    // endregion model

    static String compose(TapeSession session, Model body) {
        // region compose
        Node plan = Node.input("plan", 8), place = Node.input("place", 8);
        Dense shared = new Dense(16, RELU); // one layer, two nodes
        Node both = Node.of(new Concatenate(), plan.then(shared), place.then(shared));
        Functional house = Functional.of(
                both.then(new Dense(1)).named("price"), both.then(new Dense(2)).named("sold"));
        house.build(session, house.inputs()); // the weights, before there is data

        Sequential next = Sequential.sharing(body, new Dense(5)); // a trained body, a new head
        next.trainable(body, false); // frozen here, whoever else trains it
        next.build(session, Shape.of(-1, 8));
        String shapes = next.summary();
        // endregion compose
        return house.summary() + shapes;
    }

    static Model lora(Batches reviews, Path body, Path learnt, Path merged) {
        // region lora
        Model tuned = Sequential.of(
                new Embedding(1000, 32).maskZero(true),
                new TransformerEncoder(32, 4, 64).enableLora(4), // the rest of it is frozen
                new GlobalAveragePool1D(),
                new Dense(2));
        try (Trainer trainer = Trainer.of(tuned)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam(1e-3))
                .build()) {
            trainer.build(reviews);
            trainer.loadWeights(body, tuned.baseVariables()); // saved by a trainer of the model without enableLora
            trainer.fit(reviews, Fit.epochs(3));
            trainer.saveWeights(learnt, tuned.unfrozenVariables()); // small: to be loaded after the body
            trainer.saveWeights(merged, tuned.mergeLora()); // for the model without enableLora
        }
        // endregion lora
        return tuned;
    }

    static double customLoop(Model model, Batches train, int epochs, PrintStream out) {
        // region custom-loop
        try (TapeSession session = TapeSession.builder().seed(42).build()) {
            Ops tf = session.tf();
            Optimizer optimizer = new Adam(1e-3);
            Loss lossFn = SparseCategoricalCrossentropy.fromLogits();
            Metric accuracy = new SparseCategoricalAccuracy();
            for (int epoch = 0; epoch < epochs; epoch++) {
                accuracy.reset();
                for (Batch batch : train) {
                    try (TensorScope step = session.scope();
                            GradientTape tape = GradientTape.open(tf)) {
                        ForwardPass pass = ForwardPass.training(tf);
                        Operand<TFloat32> logits = model.call(pass, batch.input(tf));
                        Operand<TFloat32> loss = pass.totalLoss(lossFn.call(tf, batch.target(tf), logits));
                        optimizer.apply(tf, tape.gradients(loss, model.trainableVariables()));
                        accuracy.update(tf, batch.target(tf), logits);
                    }
                }
                out.printf("epoch %d accuracy %.4f%n", epoch, accuracy.result());
            }
            return accuracy.result();
        }
        // endregion custom-loop
    }

    static Trainer customStep(Model model) {
        Optimizer optimizer = new Adam(1e-3);
        Loss lossFn = SparseCategoricalCrossentropy.fromLogits();
        // region custom-step
        Trainer trainer = Trainer.of(model)
                .step((step, batch) -> {
                    Ops tf = step.tf();
                    try (GradientTape tape = step.tape()) {
                        ForwardPass pass = step.training();
                        Operand<TFloat32> logits = pass.call(model, batch.input(tf));
                        Operand<TFloat32> loss = pass.totalLoss(lossFn.call(tf, batch.target(tf), logits));
                        step.minimize(optimizer, tape, loss, model.trainableVariables());
                        return Map.of("loss", loss);
                    }
                })
                .compiled()
                .build();
        // endregion custom-step
        return trainer;
    }

    static History fitAsync(Trainer trainer, Batches train, Batches some, PrintStream out) {
        // region fit-async
        try (FitHandle run = trainer.fitAsync(train, Fit.epochs(20))) {
            run.pause().join(); // at the end of the batch
            FloatNdArray predictions = trainer.predict(some);
            run.resume();
            out.println(run.progress()); // running, epoch 1 of 20, step 12 of 63
            return run.history().join();
        }
        // endregion fit-async
    }

    static Predictor.Label serve(
            Trainer trainer, Batches train, Batches more, Path directory, float[] pixels, PrintStream out) {
        trainer.fit(train, Fit.epochs(1));
        // region serve
        try (Predictor predictor = trainer.predictor()) {
            Predictor.Label digit = predictor.classify(pixels); // in any thread, in all of them at once
            out.println(digit.name() + ", " + digit.score());
            trainer.fit(more, Fit.epochs(1)); // meanwhile it answers as before
            predictor.refresh(trainer);
        }
        trainer.save(directory); // for another process
        // endregion serve
        // region load
        Predictor served = Predictor.load(directory, new Mlp(), Serving.of().input(Shape.of(784)));
        // endregion load
        try (served) {
            return served.classify(pixels);
        }
    }

    static int[] write(Trainer trainer, int[] prompt) {
        // region decode
        int[] text = Arrays.copyOf(prompt, 32);
        try (Predictor predictor = trainer.predictor(Serving.of().decoding());
                Predictor.Decoding series = predictor.decoding(text.length)) {
            float[] scores = series.next(prompt); // of each word, to be the next one
            for (int i = prompt.length; i < text.length; i++) {
                for (int word = 1; word < scores.length; word++) {
                    text[i] = scores[word] > scores[text[i]] ? word : text[i];
                }
                scores = series.next(text[i]); // costs one step, not the text once more
            }
        }
        // endregion decode
        return text;
    }

    static double secondDerivative() {
        // region tape
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Operand<TFloat32> x = tf.constant(3f);
            try (GradientTape outer = GradientTape.open(tf);
                    GradientTape inner = GradientTape.open(tf)) {
                outer.watch(x);
                inner.watch(x);
                Operand<TFloat32> y = tf.math.mul(x, tf.math.square(x)); // x³
                Operand<TFloat32> dy = inner.gradient(y, x).orElseThrow(); // 3x²
                Operand<TFloat32> d2y = outer.gradient(dy, x).orElseThrow(); // 6x
                return session.scalar(d2y); // 18.0
            }
        }
        // endregion tape
    }

    static Callback stopWhenGood() {
        // region callback
        Callback stopWhenGood = Callback.epochEnd((run, event) -> {
            if (event.logs().get("accuracy") > 0.99) {
                run.stop("accuracy reached 0.99");
            }
        });
        // endregion callback
        return stopWhenGood;
    }

    /** Can be killed at any moment and started again. */
    static History stopAndGoOn(Batches train, Batches test, Path directory) {
        // region stop-and-go-on
        try (Trainer trainer = Trainer.of(Sequential.of(new Dense(128, RELU), new Dropout(0.2), new Dense(10)))
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Adam())
                .metrics(new SparseCategoricalAccuracy())
                .seed(42)
                .build()) {
            History history = trainer.fit(
                    train,
                    Fit.epochs(20)
                            .validation(test)
                            .callbacks(new EarlyStopping().patience(3).restoreBest())
                            .checkpoints(Checkpoints.in(directory)
                                    .resume()
                                    .everySteps(500)
                                    .onShutdown(Duration.ofSeconds(25))));
            return history;
        }
        // endregion stop-and-go-on
    }
}
