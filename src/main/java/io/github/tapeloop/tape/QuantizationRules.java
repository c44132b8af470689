package io.github.tapeloop.tape;

import java.util.Arrays;
import java.util.Map;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * Quantisation in training: a staircase, whose gradient is defined to pass straight through inside the range and, where
 * the range is learnt, to go to its ends outside. Jacob et al. 2018, Quantization and training of neural networks, arXiv:1712.05877.
 */
final class QuantizationRules {

    private QuantizationRules() {}

    static void addTo(Map<String, GradientRule> rules) {
        rules.put("FakeQuantWithMinMaxArgs", QuantizationRules::fixedRange);
        rules.put("FakeQuantWithMinMaxVars", (tf, op) -> learntRange(tf, op, "FakeQuantWithMinMaxVarsGradient"));
        rules.put(
                "FakeQuantWithMinMaxVarsPerChannel",
                (tf, op) -> learntRange(tf, op, "FakeQuantWithMinMaxVarsPerChannelGradient"));
        rules.put("QuantizeAndDequantizeV2", (tf, op) -> op.propagate(0, () -> op.gradient(0)));
        rules.put("QuantizeAndDequantizeV4Grad", QuantizationRules::rangeGradient);
    }

    private static void fixedRange(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            OperationBuilder builder =
                    RawOps.builder(tf, "FakeQuantWithMinMaxArgsGradient", op.gradient(0), op.input(0));
            return RawOps.attributesOf(op, builder, "min", "max", "num_bits", "narrow_range")
                    .build()
                    .output(0);
        });
    }

    private static void learntRange(Ops tf, OpGradient op, String type) {
        OperationBuilder builder = RawOps.builder(tf, type, op.gradient(0), op.input(0), op.input(1), op.input(2));
        Operation gradient =
                RawOps.attributesOf(op, builder, "num_bits", "narrow_range").build();
        for (int i = 0; i < 3; i++) {
            Output<?> ofInput = gradient.output(i);
            op.propagate(i, () -> ofInput);
        }
    }

    /** Linear in the gradient it is given: inside the range it goes on. TensorFlow gives nothing to the ends. */
    private static <T extends TType> void rangeGradient(Ops tf, OpGradient op) {
        op.propagate(0, () -> {
            Formula<T> x = op.in(1);
            long axis = op.attribute("axis", Long.class).orElse(-1L);
            Formula<T> inside = x.ifTrue(x.is("GreaterEqual", alongAxis(op.in(2), x, axis)))
                    .times(x.ifTrue(x.is("LessEqual", alongAxis(op.in(3), x, axis))));
            return op.<T>dy().times(inside);
        });
    }

    /** A number an index of an axis, to be broadcast. */
    private static <T extends TType> Formula<T> alongAxis(Formula<T> numbers, Formula<T> x, long axis) {
        if (axis < 0) {
            return numbers;
        }
        long[] shape = new long[Shapes.rank(x)];
        Arrays.fill(shape, 1);
        shape[(int) axis] = -1;
        return numbers.reshape(shape);
    }
}
