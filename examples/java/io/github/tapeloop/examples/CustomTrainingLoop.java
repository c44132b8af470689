package io.github.tapeloop.examples;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.metric.SparseCategoricalAccuracy;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The loop of the Keras guide "Writing a training loop from scratch", line for line. */
public final class CustomTrainingLoop {

    private CustomTrainingLoop() {}

    public static void main(String[] args) {
        Dataset train = Mnist.train();
        double accuracy = run(
                2,
                train.take(50_000).shuffle(1024).batch(64),
                train.skip(50_000).batch(64));
        System.out.printf("validation accuracy %.4f%n", accuracy);
    }

    /** Trains, and returns the validation accuracy of the last epoch. */
    static double run(int epochs, Batches train, Batches validation) {
        // region custom-loop
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(42).build()) {
            Ops tf = session.tf();
            Model model = new MnistClassifier.Mlp();
            Optimizer optimizer = new Sgd(0.05).momentum(0.9);
            Loss lossFn = SparseCategoricalCrossentropy.fromLogits();
            Metric trainAccuracy = new SparseCategoricalAccuracy();
            Metric validationAccuracy = new SparseCategoricalAccuracy();

            for (int epoch = 0; epoch < epochs; epoch++) {
                long start = System.nanoTime();
                int step = 0;
                for (Batch batch : train) {
                    try (TensorScope scope = session.scope();
                            GradientTape tape = GradientTape.open(tf)) {
                        ForwardPass pass = ForwardPass.training(tf);
                        Operand<TFloat32> logits = model.call(pass, batch.input(tf));
                        Operand<TFloat32> loss = pass.totalLoss(lossFn.call(tf, batch.target(tf), logits));
                        optimizer.apply(tf, tape.gradients(loss, model.trainableVariables()));
                        trainAccuracy.update(tf, batch.target(tf), logits);
                        if (step++ % 200 == 0) {
                            System.out.printf("epoch %d step %d loss %.4f%n", epoch, step - 1, session.scalar(loss));
                        }
                    }
                }
                for (Batch batch : validation) {
                    try (TensorScope scope = session.scope()) {
                        Operand<TFloat32> logits = model.call(ForwardPass.inference(tf), batch.input(tf));
                        validationAccuracy.update(tf, batch.target(tf), logits);
                    }
                }
                System.out.printf(
                        "epoch %d: training accuracy %.4f, validation accuracy %.4f, %.1f s%n",
                        epoch, trainAccuracy.result(), validationAccuracy.result(), (System.nanoTime() - start) / 1e9);
                trainAccuracy.reset();
                if (epoch < epochs - 1) {
                    validationAccuracy.reset();
                }
            }
            return validationAccuracy.result();
        }
        // endregion custom-loop
    }
}
