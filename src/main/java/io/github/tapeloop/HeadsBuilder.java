package io.github.tapeloop;

import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.step.Head;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A builder that collects what is asked of each output: of the only one, or of several by name. */
final class HeadsBuilder {

    /** By output; null for the only one. */
    private final Map<String, Draft> drafts = new LinkedHashMap<>();

    private static final class Draft {
        private final String firstOption;
        private Loss loss;
        private double lossWeight = 1;
        private final List<Metric> metrics = new ArrayList<>();
        private final List<Metric> weightedMetrics = new ArrayList<>();

        Draft(String firstOption) {
            this.firstOption = firstOption;
        }
    }

    void loss(String output, Loss loss, double weight) {
        Objects.requireNonNull(loss, "loss");
        if (!(weight >= 0 && Double.isFinite(weight))) {
            throw new IllegalArgumentException(
                    "Expected a weight of at least 0 for the loss of output '" + output + "', got " + weight);
        }
        Draft draft = draft(output, "loss");
        draft.loss = loss;
        draft.lossWeight = weight;
    }

    void metrics(String output, Metric... more) {
        Draft draft = draft(output, "metrics");
        for (Metric metric : more) {
            draft.metrics.add(requireNew(metric));
        }
    }

    void weightedMetrics(String output, Metric... more) {
        Draft draft = draft(output, "weightedMetrics");
        for (Metric metric : more) {
            draft.weightedMetrics.add(requireNew(metric));
        }
    }

    private Draft draft(String output, String option) {
        String call = output == null ? option + "(…)" : option + "(\"" + output + "\", …)";
        drafts.forEach((other, draft) -> {
            if ((other == null) != (output == null)) {
                throw new IllegalArgumentException(draft.firstOption + " and " + call
                        + " exclude each other: name the output in both, or in none if the model has only one");
            }
        });
        return drafts.computeIfAbsent(output, name -> new Draft(call));
    }

    private Metric requireNew(Metric metric) {
        for (Draft draft : drafts.values()) {
            if (draft.metrics.contains(metric) || draft.weightedMetrics.contains(metric)) {
                throw new IllegalArgumentException(
                        metric + " was given already: make one metric for each place where something is measured");
            }
        }
        return metric;
    }

    boolean hasLoss() {
        return drafts.values().stream().anyMatch(draft -> draft.loss != null);
    }

    List<Head> build() {
        List<Head> heads = new ArrayList<>();
        drafts.forEach((output, draft) -> heads.add(new Head(
                output, draft.loss, draft.lossWeight, List.copyOf(draft.metrics), List.copyOf(draft.weightedMetrics))));
        return List.copyOf(heads);
    }
}
