package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import java.util.List;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** One step of evaluation: forward, loss, metrics. */
record TestStep(Objective objective) implements CustomStep {

    @Override
    public Map<String, Operand<TFloat32>> run(StepContext step, Batch batch) {
        Ops tf = step.tf();
        ForwardPass pass = step.inference();
        List<Answer> answers = objective.answers(tf, pass, batch);
        Map<String, Operand<TFloat32>> losses = Objective.losses(tf, pass, answers);
        answers.forEach(answer -> answer.measure(tf));
        return losses;
    }
}
