package io.github.tapeloop;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A report of what a trial step on one batch found: see {@link Trainer#preflight}.
 *
 * @param findings what is wrong or looks wrong, in the order it was found; empty if all is well
 * @param checked what was looked at
 * @param unchecked what could not be looked at, and why
 */
public record Preflight(List<Finding> findings, List<String> checked, List<String> unchecked) {

    /** What may be wrong. */
    public enum Kind {
        /** An op between the loss and the variables has no gradient rule. */
        NO_GRADIENT_RULE,
        /** A trainable variable gets no gradient, or a custom step leaves it as it is. */
        UNREACHED_VARIABLE,
        /** The step fails: shapes or types that do not fit, or anything else that throws. */
        FAILURE,
        /** A class number of a sparse cross-entropy is not below the number of classes, or is negative. */
        LABEL_OUT_OF_RANGE,
        /** A loss of logits is given probabilities, or one of probabilities other numbers. */
        MISTAKEN_LOGITS,
        /** The loss or a gradient is infinite or no number. */
        NOT_FINITE,
        /** A gradient is zero everywhere. */
        ZERO_GRADIENT,
        /** Two results would have one name in the logs. */
        NAME_CLASH
    }

    /**
     * One thing that is wrong or looks wrong.
     *
     * @param kind which of the things looked for
     * @param where the path of the layer, variable or op, or the part of the step
     * @param text what was expected, what came, what to do
     * @param cause the exception, if one was thrown
     */
    public record Finding(Kind kind, String where, String text, Optional<RuntimeException> cause) {

        @Override
        public String toString() {
            return kind + " at " + where + ": " + text;
        }
    }

    /**
     * Whether nothing was found.
     *
     * @return true if there is no finding
     */
    public boolean isClear() {
        return findings.isEmpty();
    }

    /**
     * The findings of a kind.
     *
     * @param kind what to look for
     * @return those, in the order found
     */
    public List<Finding> of(Kind kind) {
        return findings.stream().filter(finding -> finding.kind() == kind).toList();
    }

    /**
     * The report for people: a line for each finding, then what was looked at and what was not.
     *
     * @return several lines of text
     */
    public String text() {
        String found = isClear()
                ? "Preflight: nothing found"
                : "Preflight: " + findings.size() + (findings.size() == 1 ? " finding" : " findings")
                        + lines("  ! ", findings);
        return found + lines("  checked: ", checked) + lines("  not checked: ", unchecked) + "\n";
    }

    private static String lines(String mark, List<?> items) {
        return items.stream().map(item -> "\n" + mark + item).collect(Collectors.joining());
    }

    /** The same as {@link #text}. */
    @Override
    public String toString() {
        return text();
    }

    /**
     * Fails if anything was found, for unit tests.
     *
     * @return this
     * @throws IllegalStateException with {@link #text} if there is a finding
     */
    public Preflight requireClear() {
        if (!isClear()) {
            IllegalStateException failure = new IllegalStateException(text());
            findings.forEach(finding -> finding.cause().ifPresent(failure::addSuppressed));
            throw failure;
        }
        return this;
    }
}
