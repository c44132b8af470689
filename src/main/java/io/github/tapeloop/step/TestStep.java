package io.github.tapeloop.step;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * The step of evaluation: forward, losses, metrics.
 *
 * @param scores average the losses
 */
public record TestStep(Objective objective, Scores scores) implements StepBody {

    @Override
    public Map<String, Operand<TFloat32>> run(StepRun step, Batch batch) {
        Ops tf = step.tf();
        ForwardPass pass = step.inference();
        Map<String, Operand<TFloat32>> outputs = pass.call(objective.model(), objective.inputs(tf, batch));
        Forward forward = objective.compare(tf, pass, outputs, batch);
        forward.measure(tf);
        scores.update(tf, forward.losses(), forward.examples());
        return forward.losses();
    }
}
