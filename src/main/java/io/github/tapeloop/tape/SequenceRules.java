package io.github.tapeloop.tape;

import java.util.Map;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/** Losses and cells over sequences, for which TensorFlow computes the gradient itself. */
final class SequenceRules {

    private SequenceRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("CTCLoss", SequenceRules::ctc);
        rules.put("CTCLossV2", SequenceRules::ctc);
        rules.put("BlockLSTM", (tf, op) -> blockLstm(tf, op, "BlockLSTMGrad"));
        rules.put("BlockLSTMV2", (tf, op) -> blockLstm(tf, op, "BlockLSTMGradV2"));
    }

    /**
     * The second output is the gradient of the first with respect to the inputs [time, batch, classes]. Graves et al.
     * 2006, Connectionist temporal classification.
     */
    private static <T extends TType> void ctc(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> perExample = op.<T>dy(0).expandDims(0).expandDims(-1);
            OperationBuilder once = RawOps.builder(tf, "PreventGradient", op.output(1))
                    .setAttr("message", "the loss of connectionist temporal classification has no second derivative");
            return perExample.times(once.build().output(0));
        });
    }

    /** The gradient goes through the outputs cs (1) and h (6), as in TensorFlow for Python; the gates are by-products. */
    private static void blockLstm(Ops tf, OpGradient op, String type) {
        OperationBuilder builder = RawOps.builder(tf, type);
        for (int i = 0; i < 9; i++) {
            builder.addInput(op.input(i).asOutput());
        }
        for (int i = 0; i < 7; i++) {
            builder.addInput(op.output(i).asOutput());
        }
        builder.addInput(op.gradient(1).asOutput()).addInput(op.gradient(6).asOutput());
        Operation gradient =
                builder.setAttr("use_peephole", op.flag("use_peephole")).build();
        for (int i = 0; i < 8; i++) {
            Output<?> ofInput = gradient.output(i);
            op.propagate(i + 1, () -> ofInput);
        }
    }
}
