package io.github.tapeloop;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The training, test and prediction step of a trainer, each run the way the builder asked for. */
final class Steps {

    /** @param compilation how steps are compiled, or null for eager ones */
    record Options(Compilation compilation, StepsPerExecution perExecution) {}

    private final TapeSession session;
    private final Compilation compilation;
    private final Step training;
    private final StepCounter counter = new StepCounter();
    private final ExecutionSize executionSize;
    private final StepFunction train;
    private final StepFunction test;
    private final StepFunction predict;
    private final Map<Integer, StepFunction> loops = new HashMap<>();

    Steps(TapeSession session, Model model, Loss loss, Optimizer optimizer, Scores scores, Options options) {
        this.session = session;
        this.compilation = options.compilation();
        this.executionSize = new ExecutionSize(options.perExecution().steps());
        this.training = new TrainStep(model, loss, optimizer, scores, session.seed());
        StepFunction once = function("train_step", training, counter);
        int verified = compilation == null ? 0 : compilation.verifiedSteps();
        this.train = verified == 0
                ? once
                : new VerifiedStep(
                        session,
                        new EagerStep(session, training, counter),
                        once,
                        () -> state(model, optimizer, scores),
                        verified,
                        counter);
        this.test = function("test_step", new TestStep(model, loss, scores), new StepCounter());
        this.predict = function(
                "predict_step",
                (tf, batch, number) -> model.call(ForwardPass.inference(tf), batch.input(tf)),
                new StepCounter());
    }

    private StepFunction function(String name, Step step, StepCounter steps) {
        return compilation == null
                ? new EagerStep(session, step, steps)
                : new CompiledStep(session, name, step, compilation.isJit(), steps);
    }

    /** All that a training step can change. */
    private static List<Variable<?>> state(Model model, Optimizer optimizer, Scores scores) {
        List<Variable<?>> all = scores.variables();
        model.variables().forEach(all::add);
        optimizer.state().forEach(all::add);
        return all;
    }

    /** How many training steps were taken. */
    long taken() {
        return counter.taken();
    }

    /** Counts training steps from an earlier number on again, as if those since had not been taken. */
    void rewind(long taken) {
        counter.add(Math.toIntExact(taken - counter.taken()));
    }

    StepFunction train() {
        return train;
    }

    /** The training step for batches of a size, or for several of them in one. */
    StepFunction train(int batchSize) {
        if (executionSize.isKnown() && executionSize.steps() == 1) {
            return train;
        }
        return loops.computeIfAbsent(
                batchSize, size -> new CompiledLoop(session, "train_steps", training, train, size, counter));
    }

    StepFunction test() {
        return test;
    }

    StepFunction predict() {
        return predict;
    }

    ExecutionSize executionSize() {
        return executionSize;
    }
}
