package io.github.tapeloop.step;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.tape.GradientTape;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The step of training: forward, losses, gradients, reduce, guard, measure, apply. The only place where a trainer opens a tape,
 * and a step that a user could have written. {@link StepRun#minimize} takes the gradients, reduces and guards them;
 * updates and metrics are written at the very end, when nothing can fail any more.
 *
 * @param scores average the losses
 * @param backward runs what follows the loss
 */
public record TrainStep(Objective objective, Optimizer optimizer, Scores scores, Backward backward)
        implements StepBody {

    @Override
    public Map<String, Operand<TFloat32>> run(StepRun step, Batch batch) {
        Ops tf = step.tf();
        Batch examples = batch.with(batch.columns(tf)); // The tape need not hear of them.
        try (GradientTape tape = step.tape()) {
            ForwardPass pass = step.training();
            Map<String, Operand<TFloat32>> outputs = pass.call(objective.model(), objective.inputs(tf, examples));
            Forward forward = objective.compare(tf, pass, outputs, examples);
            step.compared(forward);
            backward.run(step, tape, forward, this::descend);
            return forward.losses();
        }
    }

    @Override
    public boolean isShowable() {
        return true;
    }

    private void descend(StepRun step, GradientTape tape, Forward forward) {
        step.minimize(optimizer, tape, forward.loss(), objective.model().trainableVariables());
        forward.measure(step.tf());
        scores.update(step.tf(), forward.losses(), forward.examples());
    }
}
