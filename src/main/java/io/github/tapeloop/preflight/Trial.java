package io.github.tapeloop.preflight;

import io.github.tapeloop.Preflight;
import io.github.tapeloop.Preflight.Finding;
import io.github.tapeloop.Preflight.Kind;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.execution.Engine;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.step.Scores;
import io.github.tapeloop.step.StepRun;
import io.github.tapeloop.tape.GradientException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TNumber;

/** The trial of a training step, which is watched and then undone. */
public final class Trial {

    /** Beyond this, inputs are taken to be what has gone wrong. */
    private static final double WIDE = 100;

    private static final Pattern FIRST_FACTOR = Pattern.compile("(.*/lora_[^/]*)_a");

    private final Engine engine;
    private final TapeSession session;
    private final Plan plan;
    private final Batch batch;
    private final long number;
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> checked = new ArrayList<>();
    private final List<String> unchecked = new ArrayList<>();
    private final Set<String> unreached = new LinkedHashSet<>();
    private boolean asked;

    /**
     * @param engine whose training step to look at
     * @param plan what the trainer is to do
     * @param batch what to take it on
     */
    public Trial(Engine engine, Plan plan, Batch batch) {
        this.engine = engine;
        this.session = engine.session();
        this.plan = plan;
        this.batch = batch;
        this.number = engine.progress().steps();
    }

    /** Takes the step, looks at it, and undoes it. */
    public Preflight run() {
        try (Snapshot all = Snapshot.ofAll(session); // Also what no part of the trainer has.
                Snapshot before = engine.state().snapshot();
                TensorScope scope = session.scope()) {
            try (TrialValues values = new TrialValues(session, true)) {
                take(scope, values);
            } finally {
                all.restore();
                before.restore();
            }
            if (plan.compilation() != null && findings.isEmpty()) {
                trace();
            }
        }
        return new Preflight(List.copyOf(findings), List.copyOf(checked), List.copyOf(unchecked));
    }

    private void take(TensorScope scope, TrialValues values) {
        Ops tf = session.tf();
        try (GradientInspection inspection = GradientInspection.open(session, inquiry -> inspect(inquiry, values));
                StepRun step = StepRun.begin(tf, scope, () -> tf.constant(number), engine.seams(), () -> {})) {
            Map<String, ? extends Operand<? extends TNumber>> named =
                    engine.trial().run(step, batch);
            step.commit(named == null ? Bundle.EMPTY : Bundle.of(named));
            checked.add("a step on a batch of " + batch.size());
            checkResults(named == null ? Map.of() : named, values);
            checkUpdates(values);
        } catch (RuntimeException e) { // Whatever a model, loss or step of the user's throws is what was looked for.
            failed(e, values);
        }
        values.mistakenLogits().forEach((op, text) -> add(Kind.MISTAKEN_LOGITS, op, text, null));
        values.badLabels().ifPresent(op -> add(Kind.LABEL_OUT_OF_RANGE, op, labels(values), null));
        if (!asked) {
            unchecked.add("gradients: no tape was asked for those of a model's variables");
        }
        if (plan.step() != null) {
            unchecked.add("models and variables of the step besides the trainer's model, if it asks no tape for their"
                    + " gradients");
        }
    }

    private void failed(RuntimeException e, TrialValues values) {
        if (e instanceof GradientException && !of(Kind.NO_GRADIENT_RULE).isEmpty()) {
            return; // The ops it speaks of were found before.
        }
        if (e instanceof OpException op && op.type().equals(TrialValues.SPARSE_CROSS_ENTROPY)) {
            add(Kind.LABEL_OUT_OF_RANGE, "the loss", e.getMessage() + labels(values), e);
            return;
        }
        String message = e.getMessage() == null ? e.getClass().getName() : e.getMessage();
        String place =
                values.lastOp().map(op -> ". The last op that ran: " + op).orElse("");
        add(Kind.FAILURE, "the step", message + place, e);
    }

    private List<Finding> of(Kind kind) {
        return findings.stream().filter(finding -> finding.kind() == kind).toList();
    }

    private String labels(TrialValues values) {
        if (!batch.hasTarget()) {
            return "";
        }
        TrialValues.Range range = values.range(batch.target(session.tf()));
        return ". The targets of this batch lie in [" + range.least() + ", " + range.most()
                + "]: they must be whole numbers from 0 to one less than the last dimension of the prediction. Count"
                + " classes from 0, and give the last layer as many units as there are classes";
    }

    private void inspect(GradientInspection.Inquiry inquiry, TrialValues values) {
        asked = true;
        for (RecordedOp op : inquiry.missing()) {
            add(
                    Kind.NO_GRADIENT_RULE,
                    name(op),
                    "op " + op.type()
                            + " has no gradient rule. Register one with GradientRegistry.of(session).register(\""
                            + op.type() + "\", (tf, op) -> …), or cut the path with tf.stopGradient",
                    null);
        }
        inquiry.cuts().forEach(this::unreached);
        boolean finite = values.isFinite(inquiry.target());
        if (!finite) {
            add(Kind.NOT_FINITE, name(inquiry.target()), "the loss is not finite" + origin(values), null);
        }
        inquiry.gradients().ifPresent(gradients -> inspect(gradients, finite, values));
    }

    private void unreached(GradientInspection.Cut cut) {
        String variable = cut.variable().name();
        if (!unreached.add(variable)) {
            return;
        }
        String why = !cut.used()
                ? "the loss does not depend on it. Is what its layer computes used?"
                : cut.ops().isEmpty()
                        ? "the gradient rules of the ops between it and the loss give it none"
                        : "no gradient goes through "
                                + cut.ops().stream().map(Trial::name).collect(Collectors.joining(", "))
                                + ", and there is no other way from the loss. Use an op that has a slope in its place,"
                                + " or make the layer not trainable if it is meant so";
        add(Kind.UNREACHED_VARIABLE, variable, why, null);
    }

    private void inspect(Gradients gradients, boolean finite, TrialValues values) {
        checked.add("gradients of " + gradients.variables().size() + " variables");
        boolean skips = plan.optimizer() != null && plan.optimizer().scalesLoss();
        for (Variable<?> variable : gradients.variables()) {
            Operand<?> gradient = gradients.of(variable).orElseThrow();
            if (!values.isFinite(gradient)) {
                if (finite && !skips) { // A loss scale begins too high and steps down.
                    add(
                            Kind.NOT_FINITE,
                            variable.name(),
                            "the loss is finite, its gradient is not" + origin(values),
                            null);
                }
            } else if (values.isZero(gradient) && !isBehindZerosOfLora(variable, gradients, values)) {
                add(
                        Kind.ZERO_GRADIENT,
                        variable.name(),
                        "every element of its gradient is 0, so it would not learn from this batch. Are all units of a"
                                + " relu below 0, or is a later weight all zeros?",
                        null);
            }
        }
    }

    /** The first factor of LoRA has no gradient until the second, which begins as zeros, has been updated. */
    private static boolean isBehindZerosOfLora(Variable<?> variable, Gradients gradients, TrialValues values) {
        Matcher first = FIRST_FACTOR.matcher(variable.name());
        return first.matches()
                && gradients.variables().stream()
                        .filter(second -> second.name().equals(first.group(1) + "_b"))
                        .anyMatch(second -> !values.isZero(gradients.of(second).orElseThrow()));
    }

    private String origin(TrialValues values) {
        if (!values.isFinite(batch.input(session.tf()))) {
            return ": the input of this batch has values that are not finite. Drop or replace them in the data";
        }
        if (batch.hasTarget() && !values.isFinite(batch.target(session.tf()))) {
            return ": the target of this batch has values that are not finite. Drop or replace them in the data";
        }
        TrialValues.Range input = values.range(batch.input(session.tf()));
        return values.firstNotFinite()
                        .map(op -> ": the first op to make such a value from finite ones is " + op)
                        .orElse("")
                + ". The input of this batch lies in [" + input.least() + ", " + input.most() + "]"
                + (Math.max(-input.least(), input.most()) > WIDE ? ": scale it to about [-1, 1]" : "");
    }

    private void checkResults(Map<String, ? extends Operand<? extends TNumber>> named, TrialValues values) {
        if (named.isEmpty()) {
            add(
                    Kind.FAILURE,
                    "the step",
                    "it returned nothing: return the scalars to log by name, such as Map.of(\"loss\", loss)",
                    null);
        }
        named.forEach((name, value) -> {
            if (Tensors.rank(value) != 0) {
                add(Kind.FAILURE, name, "the step must log scalars, got " + Tensors.describe(value), null);
            } else if (of(Kind.NOT_FINITE).isEmpty() && !values.isFinite(value)) {
                add(Kind.NOT_FINITE, name, "the value logged is not finite" + origin(values), null);
            }
        });
        Set<String> names = new LinkedHashSet<>(named.keySet());
        for (String metric : plan.measured().keySet()) {
            if (!names.add(metric)) {
                add(
                        Kind.NAME_CLASH,
                        metric,
                        "the step logs a value and the trainer a metric of this name: give one of them another",
                        null);
            }
        }
        names.stream().filter(name -> names.contains(Scores.VALIDATION + name)).forEach(name -> {
            add(
                    Kind.NAME_CLASH,
                    Scores.VALIDATION + name,
                    "validation logs '" + name + "' by this name: give the metric another",
                    null);
        });
        if (!plan.measured().isEmpty() && plan.step() == null) {
            checked.add("metrics " + String.join(", ", plan.measured().keySet()));
        }
    }

    /** For steps that may update without asking a tape for the gradients of all variables. */
    private void checkUpdates(TrialValues values) {
        List<Variable<?>> left = new ArrayList<>();
        List<Variable<?>> updated = new ArrayList<>();
        plan.model().trainableVariables().forEach(v -> (values.isChanged(v) ? updated : left).add(v));
        if (plan.step() == null || updated.isEmpty()) { // An accumulation or a loss scale may wait.
            return;
        }
        checked.add("updates of " + updated.size() + " of the model's trainable variables");
        for (Variable<?> variable : left) {
            if (unreached.add(variable.name())) {
                add(
                        Kind.UNREACHED_VARIABLE,
                        variable.name(),
                        "the step updates other variables of the model, not this one. Is it among those whose gradients"
                                + " are asked for and applied?",
                        null);
            }
        }
    }

    /** Makes a graph of the step, which is not run. */
    private void trace() {
        Bundle columns = batch.columns(session.tf());
        try {
            TracedFunction.trace(session, "preflight", columns.signature().specs(), (tf, given) -> {
                        try (StepRun step = StepRun.traced(tf, () -> tf.constant(number), engine.seams())) {
                            Map<String, ? extends Operand<?>> named =
                                    engine.trial().run(step, batch.with(columns.with(given)));
                            step.commit(Bundle.of(named));
                            return List.copyOf(named.values());
                        }
                    })
                    .close();
            checked.add("the graph of a compiled step");
        } catch (RuntimeException e) { // As above.
            add(Kind.FAILURE, "the compiled step", String.valueOf(e.getMessage()), e);
        }
    }

    private static String name(RecordedOp op) {
        String origin = op.name().contains("/") || op.inputs() == 0 ? "" : " of " + name(op.input(0));
        return op.type() + " '" + op.name() + "'" + origin;
    }

    private static String name(Operand<?> operand) {
        return operand.op().type() + " '" + operand.op().name() + "'";
    }

    private void add(Kind kind, String where, String text, RuntimeException cause) {
        findings.add(new Finding(kind, where, text, Optional.ofNullable(cause)));
    }
}
