package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.tape.GradientTape;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/**
 * One step of training: forward, loss, gradients, update, metrics. The only place where a trainer opens a tape, and a
 * step that a user could have written.
 *
 * @param tail runs what follows the loss
 */
record TrainStep(Model model, Loss loss, Optimizer optimizer, Scores scores, Tail tail) implements CustomStep {

    @Override
    public Map<String, Operand<TFloat32>> run(StepContext step, Batch batch) {
        Ops tf = step.tf();
        Operand<TFloat32> input = batch.input(tf);
        Operand<? extends TNumber> target = batch.target(tf);
        try (GradientTape tape = step.tape()) {
            ForwardPass pass = step.training();
            Operand<TFloat32> prediction = pass.call(model, input);
            Operand<TFloat32> total = pass.totalLoss(loss.call(tf, target, prediction));
            tail.run(tf, tape, new Tail.Forward(target, prediction, total), this::descend, this::measure);
            return Map.of(Scores.LOSS, total);
        }
    }

    private void descend(Ops tf, GradientTape tape, Tail.Forward forward) {
        Gradients gradients = tape.gradients(optimizer.scaleLoss(tf, forward.loss()), model.trainableVariables());
        optimizer.apply(tf, gradients);
    }

    private void measure(Ops tf, GradientTape tape, Tail.Forward forward) {
        scores.update(tf, forward.target(), forward.prediction());
    }
}
