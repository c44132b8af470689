package io.github.tapeloop;

import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.Precision;
import io.github.tapeloop.state.Stateful;
import java.util.List;

/**
 * What a {@link TrainerBuilder} was told.
 *
 * @param loss null if custom steps do without
 * @param optimizer null if custom steps bring their own
 * @param step null for a {@link TrainStep}
 * @param testStep null for a {@link TestStep}
 * @param predictStep null for the model's own output
 * @param others what custom steps change besides the model and the optimizer
 * @param compilation how steps are compiled, or null for eager ones
 */
record Plan(
        Model model,
        Loss loss,
        Optimizer optimizer,
        List<Metric> metrics,
        CustomStep step,
        CustomStep testStep,
        CustomPrediction predictStep,
        List<Stateful> others,
        Precision precision,
        Compilation compilation,
        StepsPerExecution perExecution) {}
