package io.github.tapeloop;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.execution.ExecutionSize;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.step.Head;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.store.Fingerprint;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tensorflow.TensorFlow;

/** A summary for people: what a trainer will run. */
record Description(TapeSession session, Plan plan, ExecutionSize executionSize) {

    private static final String ONE_DNN = "TF_ENABLE_ONEDNN_OPTS";

    String text() {
        String losses = joined(head -> head.loss() == null ? Stream.empty() : Stream.of(lossOf(head)));
        String measured = joined(head ->
                head.measured().entrySet().stream().map(metric -> metric.getKey() + direction(metric.getValue())));
        return "model " + plan.model().path() + " (" + nameOf(plan.model()) + ")\n"
                + plan.model().summary().replace(System.lineSeparator(), "\n")
                + (plan.step() == null ? "" : "step " + nameOf(plan.step()) + "\n")
                + (losses.isEmpty() ? "" : "loss " + losses + "\n")
                + (plan.optimizer() == null ? "" : "optimizer " + nameOf(plan.optimizer()) + "\n")
                + "metrics " + (measured.isEmpty() ? "none" : measured)
                + (plan.precision() == DtypePolicy.FULL ? "" : "\nprecision " + plan.precision())
                + "\nsteps " + steps()
                + "\nsession " + session
                + "\n";
    }

    private String joined(Function<Head, Stream<String>> parts) {
        return plan.heads().stream().flatMap(parts).collect(Collectors.joining(", "));
    }

    private static String direction(Metric metric) {
        if (!metric.hasDirection()) {
            return "";
        }
        return metric.higherIsBetter() ? " (up)" : " (down)";
    }

    private static String lossOf(Head head) {
        return (head.output() == null ? "" : head.output() + ": ")
                + nameOf(head.loss())
                + (head.lossWeight() == 1 ? "" : " times " + head.lossWeight());
    }

    private String steps() {
        Compilation compilation = plan.compilation();
        if (compilation == null) {
            return "eager";
        }
        String way = compilation.isJit() ? "compiled by XLA" : "compiled";
        String checked = compilation.verifiedSteps() > 0
                ? ", the first " + compilation.verifiedSteps() + " verified against eager ones"
                : "";
        String size = executionSize.isKnown() ? String.valueOf(executionSize.steps()) : "as many as fit";
        return way + checked + ", " + size + " per call";
    }

    /** A class's name; a lambda has none to speak of. */
    private static String nameOf(Object part) {
        Class<?> type = part.getClass();
        return type.isSynthetic() || type.isHidden()
                ? "a lambda"
                : type.getName().replaceFirst("^.*\\.", "");
    }

    /** What a run that goes on in another process must agree in, so that its numbers are the same. */
    Fingerprint fingerprint(Batches train, Fit options) {
        Compilation compilation = plan.compilation();
        return Fingerprint.empty()
                .with("session", session, "give the trainer the seed, the threads and the device it had")
                .with("optimizers", names(plan.optimizers().stream()), "give the trainer the optimizer it had")
                .with(
                        "losses",
                        names(plan.heads().stream().map(Head::loss).filter(Objects::nonNull)),
                        "give the trainer the losses it had")
                .with("metrics", plan.measured().keySet(), "give the trainer the metrics it had")
                .with("precision", plan.precision(), "give the trainer the precision it had")
                .with("XLA", compilation != null && compilation.isJit(), "compile as before")
                .with("batch size", train.batchSize(), "group the data as before")
                .with("training batches", count(train.size()), "give fit the data it had")
                .with("steps an epoch", count(options.stepsPerEpoch()), "set stepsPerEpoch as before")
                .with("TensorFlow", TensorFlow.version(), "use the version it had")
                .with("processor", System.getProperty("os.arch"), "go on where it began")
                .with(ONE_DNN, Objects.requireNonNullElse(System.getenv(ONE_DNN), "unset"), "set it as before");
    }

    private static String names(Stream<?> parts) {
        return parts.map(Description::nameOf).toList().toString();
    }

    private static String count(OptionalLong number) {
        return number.isPresent() ? String.valueOf(number.getAsLong()) : "unknown";
    }
}
