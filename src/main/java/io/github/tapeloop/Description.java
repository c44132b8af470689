package io.github.tapeloop;

import io.github.tapeloop.runtime.Precision;
import io.github.tapeloop.runtime.TapeSession;
import java.util.stream.Collectors;

/** What a trainer will run, as text for people. */
record Description(TapeSession session, Plan plan, ExecutionSize executionSize) {

    String text() {
        String measured = plan.metrics().isEmpty()
                ? "none"
                : plan.metrics().stream()
                        .map(metric -> metric.name() + (metric.higherIsBetter() ? " (up)" : " (down)"))
                        .collect(Collectors.joining(", "));
        return "model " + plan.model().path() + " (" + nameOf(plan.model()) + ")\n"
                + plan.model().summary().replace(System.lineSeparator(), "\n")
                + (plan.step() == null ? "" : "step " + nameOf(plan.step()) + "\n")
                + (plan.loss() == null ? "" : "loss " + nameOf(plan.loss()) + "\n")
                + (plan.optimizer() == null ? "" : "optimizer " + nameOf(plan.optimizer()) + "\n")
                + "metrics " + measured
                + (plan.precision() == Precision.FULL ? "" : "\nprecision " + plan.precision())
                + "\nsteps " + steps()
                + "\nsession " + session
                + "\n";
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
}
