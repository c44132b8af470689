package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import java.util.function.Supplier;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;

/** One step of evaluation: forward, loss, metrics. */
record TestStep(Model model, Loss loss, Scores scores) implements Step {

    @Override
    public Operand<TFloat32> run(Ops tf, Batch batch, Supplier<Operand<TInt64>> number) {
        Operand<? extends TNumber> target = batch.target(tf);
        ForwardPass pass = ForwardPass.inference(tf);
        Operand<TFloat32> prediction = model.call(pass, batch.input(tf));
        Operand<TFloat32> total = pass.totalLoss(loss.call(tf, target, prediction));
        scores.update(tf, target, prediction, total, batch.examples(tf));
        return total;
    }
}
