package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.tape.GradientTape;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** One step of training: forward, loss, gradients, update, metrics. The only place where a trainer opens a tape. */
record TrainStep(Model model, Loss loss, Optimizer optimizer, Scores scores, long seed) implements Step {

    @Override
    public Operand<TFloat32> run(Ops tf, Batch batch, Supplier<Operand<TInt64>> number) {
        Operand<TFloat32> input = batch.input(tf);
        Operand<? extends TNumber> target = batch.target(tf);
        try (GradientTape tape = GradientTape.open(tf)) {
            ForwardPass pass = ForwardPass.training(tf, seed, number);
            Operand<TFloat32> prediction = model.call(pass, input);
            Operand<TFloat32> total = pass.totalLoss(loss.call(tf, target, prediction));

            Gradients gradients = tape.gradients(total, model.trainableVariables());
            optimizer.apply(tf, gradients);

            scores.update(tf, target, prediction, total, batch.examples(tf));
            return total;
        }
    }
}
