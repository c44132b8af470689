package io.github.tapeloop.step;

import io.github.tapeloop.Compilation;
import io.github.tapeloop.CustomStep;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.state.Stateful;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The parts of a trainer and what it is to do with them, as its builder was told.
 *
 * @param heads what is asked of the model's outputs; without losses if custom steps do without
 * @param optimizer null if custom steps bring their own
 * @param step null for a {@link TrainStep}
 * @param testStep null for a {@link TestStep}
 * @param predictStep null for the model's own output
 * @param others what custom steps change besides the model and the optimizer
 * @param compilation how steps are compiled, or null for eager ones
 * @param stepsPerExecution how many compiled steps are taken in one call, or {@link #AUTO}
 * @param reduction what gradients go through before they update anything
 */
public record Plan(
        Model model,
        List<Head> heads,
        Optimizer optimizer,
        CustomStep step,
        CustomStep testStep,
        CustomStep.Prediction predictStep,
        List<Stateful> others,
        DtypePolicy precision,
        Compilation compilation,
        int stepsPerExecution,
        GradientReduction reduction) {

    /** As {@link #stepsPerExecution}: the number is found by timing the first steps. */
    public static final int AUTO = 0;

    /** A plan to predict with a model, and no more. */
    public static Plan toPredict(Model model) {
        return new Plan(
                model, List.of(), null, null, null, null, List.of(), DtypePolicy.FULL, null, 1, GradientReduction.NONE);
    }

    /** Refuses two metrics of one name. */
    public Plan {
        measured(heads); // Refuses names before anything is made for them.
    }

    /** All metrics by what they are called in logs. */
    public Map<String, Metric> measured() {
        return measured(heads);
    }

    private static Map<String, Metric> measured(List<Head> heads) {
        Map<String, Metric> all = new LinkedHashMap<>();
        heads.forEach(head -> head.measured().forEach((name, metric) -> {
            if (name.equals(Scores.LOSS) || all.putIfAbsent(name, metric) != null) {
                throw new IllegalArgumentException((name.equals(Scores.LOSS) ? "A metric is" : "Two metrics are")
                        + " named '" + name + "': give it another name");
            }
        }));
        return all;
    }

    /** All optimizers that are known: the trainer's own and those among what custom steps change. */
    public List<Optimizer> optimizers() {
        return Stream.concat(Stream.ofNullable(optimizer), others.stream())
                .filter(Optimizer.class::isInstance)
                .map(Optimizer.class::cast)
                .distinct()
                .toList();
    }

    /** What the losses of the heads are called in logs: {@code loss}, and if there are several, each by its name. */
    public Set<String> lossNames() {
        Set<String> names = new TreeSet<>();
        heads.stream().filter(head -> head.loss() != null).map(Head::lossName).forEach(names::add);
        if (names.size() == 1) {
            names.clear();
        }
        names.add(Scores.LOSS);
        return names;
    }

    public boolean hasLoss() {
        return heads.stream().anyMatch(head -> head.loss() != null);
    }
}
