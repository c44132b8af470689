package io.github.tapeloop;

import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import java.util.stream.Collectors;

/** What a trainer will run, as text for people. */
record Description(
        TapeSession session,
        Model model,
        Loss loss,
        Optimizer optimizer,
        List<Metric> metrics,
        Compilation compilation,
        ExecutionSize executionSize) {

    String text() {
        String measured = metrics.isEmpty()
                ? "none"
                : metrics.stream()
                        .map(metric -> metric.name() + (metric.higherIsBetter() ? " (up)" : " (down)"))
                        .collect(Collectors.joining(", "));
        return "model " + model.path() + " (" + nameOf(model) + ")\n"
                + model.summary().replace(System.lineSeparator(), "\n")
                + "loss " + nameOf(loss)
                + "\noptimizer " + nameOf(optimizer)
                + "\nmetrics " + measured
                + "\nsteps " + steps()
                + "\nsession " + session
                + "\n";
    }

    private String steps() {
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
}
