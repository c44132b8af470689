package io.github.tapeloop.preflight;

import io.github.tapeloop.op.RecordedOp;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operation;
import org.tensorflow.Output;

/**
 * A check for a loss of logits, or a softmax, that is given probabilities, and for a loss of probabilities that is given logits.
 * They train, badly, without an error.
 */
final class LogitsCheck {

    /** Ops that hand on what they are given, in another form; a binary cross-entropy negates. */
    private static final Set<String> FORMS =
            Set.of("Reshape", "Cast", "Identity", "Squeeze", "ExpandDims", "Neg", "MulNoNan");

    private static final Set<String> PROBABILITIES = Set.of("Softmax", "Sigmoid");

    private static final Set<String> LOGIT_LOSSES =
            Set.of("SparseSoftmaxCrossEntropyWithLogits", "SoftmaxCrossEntropyWithLogits", "LogSoftmax", "Softplus");

    /** What losses of probabilities keep them off 0 by. */
    private static final float CLIPPED = 1e-7f;

    private final Map<Operation, Output<?>> forms = new IdentityHashMap<>();
    private final Map<String, String> mistakes = new LinkedHashMap<>();

    void note(RecordedOp op, TrialValues values) {
        if (FORMS.contains(op.type())) {
            forms.put(op.operation(), op.input(0));
        } else if (LOGIT_LOSSES.contains(op.type())) {
            Output<?> source = source(op.input(0));
            if (PROBABILITIES.contains(source.op().type())) {
                mistakes.put(
                        source.op().name(),
                        "a loss made with fromLogits() is given probabilities, which come from "
                                + source.op().type()
                                + ". Take the activation off the last layer, or make the loss with"
                                + " fromProbabilities()");
            }
        } else if (op.type().equals("Softmax")) {
            noteProbabilities(op, source(op.input(0)).op());
        } else if (op.type().equals("ClipByValue") && values.range(op.input(1)).most() == CLIPPED) {
            TrialValues.Range range = values.range(op.input(0));
            if (range.least() < 0 || range.most() > 1) {
                mistakes.put(
                        source(op.input(0)).op().name(),
                        "a loss made with fromProbabilities() is given numbers in [" + range.least() + ", "
                                + range.most() + "]. Make the loss with fromLogits(), or give the last layer the"
                                + " activation SOFTMAX or SIGMOID");
            }
        }
    }

    /** @param source what made what a softmax is given; metrics make probabilities of what was taken for logits already */
    private void noteProbabilities(RecordedOp softmax, Operation source) {
        if (source.type().equals("Softmax") && !mistakes.containsKey(source.name())) {
            mistakes.put(
                    softmax.name(),
                    "a softmax of what the softmax '" + source.name()
                            + "' gives, so that all classes are about as likely. Take one of the two off");
        }
    }

    /** The op that made a value, before it was brought into another form. */
    Operation maker(Output<?> output) {
        return source(output).op();
    }

    private Output<?> source(Output<?> output) {
        Output<?> source = output;
        for (Output<?> before = source; before != null; before = forms.get(source.op())) {
            source = before;
        }
        return source;
    }

    /** What is wrong, by the op that made what the loss was given. */
    Map<String, String> mistakes() {
        return mistakes;
    }
}
