package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.tape.GradientTape;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * One step of training: forward, loss, gradients, update, metrics. The only place where a trainer opens a tape, and a
 * step that a user could have written.
 *
 * @param scores average the losses
 * @param tail runs what follows the loss
 */
record TrainStep(Objective objective, Optimizer optimizer, Scores scores, Tail tail) implements CustomStep {

    @Override
    public Map<String, Operand<TFloat32>> run(StepContext step, Batch batch) {
        Ops tf = step.tf();
        Batch examples = batch.withOperands(batch.operands(tf)); // The tape need not hear of them.
        try (GradientTape tape = step.tape()) {
            ForwardPass pass = step.training();
            List<Answer> answers = objective.answers(tf, pass, examples);
            SortedMap<String, Operand<TFloat32>> losses = Objective.losses(tf, pass, answers);

            Tail.Forward forward = new Tail.Forward(answers, losses, examples.examples(tf));
            tail.run(tf, tape, forward, this::descend, this::measure);
            return losses;
        }
    }

    private void descend(Ops tf, GradientTape tape, Tail.Forward forward) {
        Operand<TFloat32> scaled = optimizer.scaleLoss(tf, forward.loss());
        Gradients gradients = tape.gradients(scaled, objective.model().trainableVariables());
        optimizer.apply(tf, gradients);
    }

    private void measure(Ops tf, GradientTape tape, Tail.Forward forward) {
        forward.answers().forEach(answer -> answer.measure(tf));
        scores.update(tf, forward.losses(), forward.examples());
    }
}
