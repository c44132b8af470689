package io.github.tapeloop.preflight;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.step.Forward;
import io.github.tapeloop.step.HeadOutput;
import io.github.tapeloop.step.Witness;
import io.github.tapeloop.warning.Warnings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;

/**
 * The cheap part of a preflight, on the first step of {@code fit} as it is taken: mistakes that train, badly, without an
 * error. What it finds is warned of. It looks at the ends of the step, not at each value in between, and at one step only.
 */
public final class FirstStep implements Witness {

    /** The best of one class is always that class. */
    private static final Set<Loss.Scale> OF_CLASSES =
            Set.of(Loss.Scale.CLASS_SCORES, Loss.Scale.CLASS_LOGITS, Loss.Scale.CLASS_PROBABILITIES);

    private static final Set<Loss.Scale> PROBABILITIES =
            Set.of(Loss.Scale.PROBABILITIES, Loss.Scale.CLASS_PROBABILITIES);

    /** So many that are alike are no accident. */
    private static final int SOME_EXAMPLES = 8;

    /** What rounding may make of 0 and 1. */
    private static final double ROUNDED = 1e-5;

    private final TapeSession session;
    private final DtypePolicy precision;
    private final boolean isShuffled;
    private TrialValues values;
    private Batch batch;
    private final List<String> ofLosses = new ArrayList<>();
    private boolean learns;
    private Gradients gradients;

    /**
     * @param session where the step is taken
     * @param precision in which its model computes
     * @param isShuffled whether the data comes in another order than it lies in
     */
    public FirstStep(TapeSession session, DtypePolicy precision, boolean isShuffled) {
        this.session = session;
        this.precision = precision;
        this.isShuffled = isShuffled;
    }

    @Override
    public void begins(Batch first) {
        batch = first;
        values = new TrialValues(session, false);
        Ops tf = session.tf();
        for (String name : batch.inputNames()) {
            if (!values.isFinite(batch.input(tf, name))) {
                warn("The input" + (batch.inputNames().size() > 1 ? " '" + name + "'" : "")
                        + " of the first batch has values that are not finite. Drop or replace them in the data");
            }
        }
        if (batch.sampleWeight(tf).filter(weights -> !values.isFinite(weights)).isPresent()) {
            warn(
                    "The sample weights of the first batch have values that are not finite. A weight of 0 leaves an example"
                            + " out");
        }
    }

    @Override
    public void compared(Forward forward) {
        for (HeadOutput output : forward.outputs()) {
            String where = output.head().output() == null
                    ? ""
                    : "Output '" + output.head().output() + "': ";
            Counted counted = counted(output);
            if (!counted.isFinite()) {
                warn(where
                        + "The target of the first batch has values that are not finite. Drop or replace them, or give"
                        + " them a sample weight of 0");
            }
            TrialValues.Range targets = counted.range();
            TrialValues.Range given = values.range(output.prediction());
            Optional.ofNullable(output.head().loss()).ifPresent(loss -> {
                TargetCheck.of(loss, loss.targetScale(), targets).ifPresent(text -> warn(where + text));
                check(where, loss.getClass().getSimpleName(), loss.predictionScale(), output);
                long columns = Tensors.rank(output.prediction()) == 0
                        ? 1
                        : Tensors.shape(output.prediction()).get(-1);
                ReachCheck.of(loss, values.maker(output.prediction()), targets, given, columns)
                        .ifPresent(text -> warn(where + text));
                if (!isShuffled && loss.targetScale() != Loss.Scale.NUMBERS) {
                    checkOrder(where, output.target());
                }
                notProbabilities(loss.getClass().getSimpleName(), loss.predictionScale(), given)
                        .ifPresent(text -> ofLosses.add(where + text));
            });
            Stream.concat(output.head().metrics().stream(), output.head().weightedMetrics().stream())
                    .forEach(metric -> check(where, metric, targets, given, output));
        }
    }

    /** Data that is sorted by class begins with one of them. */
    private void checkOrder(String where, Operand<?> target) {
        long examples = Tensors.rank(target) == 0 ? 1 : Tensors.shape(target).get(0);
        if (examples >= SOME_EXAMPLES && values.areAlike(target)) {
            warn(where + "All " + examples
                    + " targets of the first batch are the same, and the data comes in its order. If"
                    + " it is sorted by class, the model forgets each class while it learns the next: shuffle(…) the"
                    + " dataset before batch(…)");
        }
    }

    /** What is to be known of the targets that count. */
    private record Counted(boolean isFinite, TrialValues.Range range) {}

    private Counted counted(HeadOutput output) {
        Counted[] found = new Counted[1];
        session.unrecorded(() -> {
            Operand<?> targets = output.countedTarget(session.tf());
            found[0] = new Counted(values.isFinite(targets), values.range(targets));
        });
        return found[0];
    }

    private void check(
            String where, Metric metric, TrialValues.Range targets, TrialValues.Range given, HeadOutput output) {
        String name = "metric '" + metric.name() + "'";
        TargetCheck.of(metric, metric.targetScale(), targets).ifPresent(text -> warn(where + text));
        check(where, name, metric.predictionScale(), output);
        if (output.head().loss() == null
                || !PROBABILITIES.contains(output.head().loss().predictionScale())) {
            notProbabilities(name, metric.predictionScale(), given).ifPresent(text -> warn(where + text));
        }
    }

    private static Optional<String> notProbabilities(String name, Loss.Scale scale, TrialValues.Range given) {
        return PROBABILITIES.contains(scale) && (given.least() < -ROUNDED || given.most() > 1 + ROUNDED)
                ? Optional.of(
                        name + " takes probabilities and is given numbers in [" + given.least() + ", " + given.most()
                                + "]. Make it with fromLogits, or give the last layer the activation SIGMOID or SOFTMAX")
                : Optional.empty();
    }

    private void check(String where, String name, Loss.Scale scale, HeadOutput output) {
        boolean oneClass = Tensors.rank(output.prediction()) > 1
                && Tensors.shape(output.prediction()).get(-1) == 1;
        if (oneClass && OF_CLASSES.contains(scale)) {
            warn(where + name + " compares classes, and there is one: the model's output is "
                    + Tensors.describe(output.prediction())
                    + ". For yes or no take BinaryCrossentropy and BinaryAccuracy;"
                    + " otherwise give the last layer as many units as there are classes");
        }
        if (scale == Loss.Scale.CLASS_NUMBERS && !values.isWhole(output.prediction())) {
            warn(where + name
                    + " counts predictions that are equal to their targets, and these are no whole numbers: take"
                    + " BinaryAccuracy, CategoricalAccuracy or SparseCategoricalAccuracy");
        }
        if (oneClass && values.maker(output.prediction()).type().equals("Softmax")) {
            warn(where + "'" + values.maker(output.prediction()).name()
                    + "' is a softmax over one class, which is always 1. For yes or no give the last layer the activation"
                    + " SIGMOID, otherwise as many units as there are classes");
        }
    }

    /** Looks at as few gradients as show that something is learnt. */
    @Override
    public void descends(Gradients found) {
        gradients = found;
        for (Variable<?> variable : found.variables()) {
            if (learns) {
                return;
            }
            Operand<?> gradient = found.of(variable).orElseThrow();
            learns = !values.isZero(gradient instanceof IndexedSlices<?> slices ? slices.values() : gradient);
        }
    }

    @Override
    public void close() {
        PrecisionSpeed.warnIfSlower(session, precision, PrecisionSpeed.Kind.PRODUCT);
        if (values == null) { // A compiled step of the user's is not shown.
            return;
        }
        values.close();
        if (values.convolves()) {
            PrecisionSpeed.warnIfSlower(session, precision, PrecisionSpeed.Kind.CONVOLUTION);
        }
        values.mistakenLogits().forEach((op, text) -> warn("'" + op + "': " + text));
        if (values.mistakenLogits().isEmpty()) { // Said by the op that made them, if that is known.
            ofLosses.forEach(FirstStep::warn);
        }
        values.badLabels()
                .ifPresent(
                        op -> warn(
                                "'" + op + "': class numbers of the first batch are outside the range of the"
                                        + " classes. Count classes from 0, and give the last layer as many units as there are classes"));
        if (gradients != null && !learns && !gradients.variables().isEmpty()) {
            warn(
                    "Every gradient of the first step is 0: nothing is learnt from this batch. Are all units of a relu below 0, a"
                            + " weight all zeros, a softmax over one class, or all sample weights 0? trainer.preflight(batch) says"
                            + " more");
        }
    }

    private static void warn(String text) {
        Warnings.warn(FirstStep.class, text);
    }
}
