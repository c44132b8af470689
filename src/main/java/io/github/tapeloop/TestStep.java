package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import java.util.Map;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** One step of evaluation: forward, loss, metrics. */
record TestStep(Model model, Loss loss, Scores scores) implements CustomStep {

    @Override
    public Map<String, Operand<TFloat32>> run(StepContext step, Batch batch) {
        Ops tf = step.tf();
        Operand<? extends TNumber> target = batch.target(tf);
        ForwardPass pass = step.inference();
        Operand<TFloat32> prediction = pass.call(model, batch.input(tf));
        Operand<TFloat32> total = pass.totalLoss(loss.call(tf, target, prediction));
        scores.update(tf, target, prediction);
        return Map.of(Scores.LOSS, total);
    }
}
