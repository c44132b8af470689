package io.github.tapeloop.step;

import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** The scalars that a step names, averaged over examples, and the user's metrics, reset and read together. */
public final class Scores implements Stateful {

    public static final String LOSS = "loss";

    /** What comes before the names of a validation's results. */
    public static final String VALIDATION = "val_";

    private final Map<String, Mean> named = new LinkedHashMap<>();
    private final Map<String, Metric> metrics;
    private final Set<String> losses = new HashSet<>(Set.of(LOSS));

    public Scores(Plan plan) {
        this.metrics = plan.measured();
        plan.heads().stream()
                .filter(head -> head.loss() != null)
                .map(Head::lossName)
                .forEach(losses::add);
    }

    /** Takes the scalars of a batch into account: each counts as often as the batch has examples. */
    void update(Ops tf, Map<String, ? extends Operand<? extends TNumber>> scalars, Operand<TFloat64> examples) {
        if (named.isEmpty()) {
            scalars.keySet().forEach(name -> named.put(name, new Mean(requireFree(name))));
        } else if (!named.keySet().equals(scalars.keySet())) {
            throw new IllegalStateException("The step named " + named.keySet() + " before and " + scalars.keySet()
                    + " now: it must name the same scalars each time");
        }
        scalars.forEach((name, scalar) -> {
            if (Tensors.rank(scalar) != 0) {
                throw new IllegalArgumentException(
                        "The step must log scalars, one number for a batch, but '" + name + "' is "
                                + Tensors.describe(scalar)
                                + ": take its mean; a loss that has a value for each example extends PerSampleLoss");
            }
            named.get(name).updateWeighted(tf, scalar, examples);
        });
    }

    private String requireFree(String name) {
        if (metrics.containsKey(name)) {
            throw new IllegalArgumentException(
                    "The step names a scalar '" + name + "', but so is a metric: give one of them another name");
        }
        return name;
    }

    /** The names that results have, which those of a custom step have after its first run. */
    public Set<String> names() {
        Set<String> names = new TreeSet<>(named.keySet());
        names.addAll(metrics.keySet());
        return names;
    }

    public Map<String, Double> results() {
        Map<String, Double> results = new TreeMap<>();
        named.forEach((name, mean) -> results.put(name, mean.result()));
        metrics.forEach((name, metric) -> results.put(name, metric.result()));
        return results;
    }

    /** Which way a result should go, with or without {@code val_} before its name; empty if it has no way or is unknown. */
    public Optional<Boolean> higherIsBetter(String name) {
        String own = name.startsWith(VALIDATION) ? name.substring(VALIDATION.length()) : name;
        if (losses.contains(own)) {
            return Optional.of(false);
        }
        return Optional.ofNullable(metrics.get(own))
                .filter(Metric::hasDirection)
                .map(Metric::higherIsBetter);
    }

    /** What the named scalars have been adding to; the metrics are shared by training and evaluation. */
    @Override
    public Parameters state() {
        List<Variable<?>> all = new ArrayList<>();
        named.values().forEach(mean -> mean.state().forEach(all::add));
        return Parameters.of(all);
    }

    /** Frees what the named scalars and the metrics have been adding to. */
    public void close() {
        List<Variable<?>> all = new ArrayList<>();
        state().forEach(all::add);
        metrics.values().forEach(metric -> metric.state().forEach(all::add));
        ClosingActions.each(all, Variable::close);
    }

    public void reset() {
        named.values().forEach(Metric::reset);
        metrics.values().forEach(Metric::reset);
    }
}
