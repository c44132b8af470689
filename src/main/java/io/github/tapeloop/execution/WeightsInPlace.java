package io.github.tapeloop.execution;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Which weights the variables hold: those to train on or those to evaluate with, as {@code ScheduleFreeAdamW} tells them
 * apart, and raw ones or their moving averages. Going back to an earlier state keeps what is in place now: training that goes
 * on does so on the weights to train on, whatever was in place when the state was kept.
 */
public final class WeightsInPlace implements ValueState {

    private static final String GO_BACK_TO_AVERAGES = "go_back_to_averages";

    private final Supplier<List<Optimizer>> optimizers;
    private boolean training;
    private boolean averages;

    WeightsInPlace(Supplier<List<Optimizer>> optimizers) {
        this.optimizers = optimizers;
    }

    /** Puts the weights to train on in place. */
    public void toTrain() {
        training = true;
        optimizers.get().forEach(Optimizer::swapToTrain);
    }

    /** Puts the weights to evaluate with in place. */
    public void toEvaluate() {
        training = false;
        optimizers.get().forEach(Optimizer::swapToEval);
    }

    /** Whether the weights to train on are in place. */
    boolean areToTrain() {
        return training;
    }

    /** Remembers that the weights of then are in place again, put there as they were and not converted. */
    void areBack(boolean toTrain, boolean averagesInPlace) {
        training = toTrain;
        averages = averagesInPlace;
    }

    /** The optimizers that average variables. */
    public List<Optimizer> averaging() {
        return optimizers.get().stream().filter(Optimizer::hasAverages).toList();
    }

    /**
     * Puts the moving averages of the weights in place of the weights, or the weights back.
     *
     * @throws IllegalStateException if no optimizer averages variables
     */
    public void averages(boolean inPlace) {
        if (inPlace == averages) {
            return;
        }
        requireAverages();
        averaging().forEach(Optimizer::swapAverages);
        averages = inPlace;
    }

    /** Whether the averages are in place. */
    public boolean averagesInPlace() {
        return averages;
    }

    /** Refuses to go on if no optimizer averages variables. */
    public void requireAverages() {
        if (averaging().isEmpty()) {
            throw new IllegalStateException("No optimizer of this trainer averages variables: build one"
                    + " .with(MovingAverage.of(0.99)), and name those that a step brings by includes(…)");
        }
    }

    /**
     * Keeps the weights and what optimizers keep beside them as other versions of them.
     *
     * @param weights of the model
     * @param wantsAverages whether to go back to the averages, for good
     */
    public Snapshot keep(Parameters weights, boolean wantsAverages) {
        boolean inPlace = averages;
        averages(false);
        try {
            List<Variable<?>> all = new ArrayList<>();
            weights.forEach(all::add);
            optimizers.get().forEach(optimizer -> optimizer.averages().forEach(all::add));
            return Snapshot.of(all).beside(Map.of(GO_BACK_TO_AVERAGES, wantsAverages), this::keptIsInPlace);
        } finally {
            averages(inPlace);
        }
    }

    /** The weights have just been put there. */
    private void keptIsInPlace(Map<String, Object> kept) {
        averages = false;
        if (kept.get(GO_BACK_TO_AVERAGES).equals(true)) {
            averaging().forEach(Optimizer::useAverages);
        }
    }

    /** Puts those in place that were when a state was saved, before that comes into them. */
    void setTo(Stateful.Reader saved) {
        averages(saved.getBoolean("averages_in_place"));
        if (saved.getBoolean("training_weights_in_place")) {
            toTrain();
        } else {
            toEvaluate();
        }
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("averages_in_place", averages);
        out.put("training_weights_in_place", training);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        boolean wanted = averages;
        boolean train = training;
        averages = in.getBoolean("averages_in_place");
        training = in.getBoolean("training_weights_in_place");
        averages(wanted);
        if (train && !training) { // To convert them changes their last digits.
            toTrain();
        } else if (training && !train) {
            toEvaluate();
        }
    }
}
