package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import io.github.tapeloop.op.OpDefs;
import java.util.List;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.OpDef;

/**
 * Convolutions in bfloat16 that are computed in float32, because TensorFlow's kernels of them are wrong on CPUs that have
 * instructions for bfloat16 (TensorFlow Java 1.1.0, oneDNN): depthwise ones, and those of an odd number of channels, of the
 * image or of the result.
 */
final class WideCalls {

    private WideCalls() {}

    /** What is made of a convolution in another type, or of one that is right as it is. */
    static FatalCalls.Cure or(FatalCalls.Cure otherwise) {
        return (environment, call) -> isNeeded(call) ? inFloat32(environment, call) : otherwise.make(environment, call);
    }

    private static boolean isNeeded(OpCall call) {
        int kernel = call.type().contains("BackpropFilter") ? 2 : 1;
        if (call.input(kernel).dataType() != DataType.DT_BFLOAT16) {
            return false;
        }
        return call.type().startsWith("Depthwise") || isOdd(call) || isGrouped(call);
    }

    /** Where the numbers of channels are odd, or not known. */
    private static boolean isOdd(OpCall call) {
        Shape kernel = call.type().contains("BackpropFilter")
                ? WindowSizes.given(call.input(1))
                : Tensors.shape(call.input(1));
        int rank = kernel.numDimensions();
        return rank < 2 || kernel.get(rank - 1) % 2 != 0 || kernel.get(rank - 2) % 2 != 0;
    }

    /** Gradient rules take the groups apart before. */
    private static boolean isGrouped(OpCall call) {
        Shape image = Tensors.shape(call.input(0));
        Shape kernel = Tensors.shape(call.input(1));
        return (call.type().equals("Conv2D") || call.type().equals("Conv3D"))
                && image.numDimensions() > 1
                && image.get(1) != kernel.get(-2)
                && image.get(-1) != kernel.get(-2);
    }

    private static Operation inFloat32(SessionEnvironment environment, OpCall call) {
        Ops tf = Ops.create(environment);
        Output<?>[] inputs = call.inputsCopied();
        List<OpDef.ArgDef> arguments = OpDefs.inputs(call.type());
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = arguments.get(i).getTypeAttr().equals("T") ? cast(tf, inputs[i], DataType.DT_FLOAT) : inputs[i];
        }
        OpCall given = call.withInputs(inputs);
        OpCall wide = call.attribute("T") == null ? given : given.with("T", DataType.DT_FLOAT);
        Operation made = FatalCalls.of(call.type()).guard(environment, wide);
        Operation result = made == null ? environment.unguarded(wide) : made;
        return cast(tf, result.output(0), DataType.DT_BFLOAT16).op();
    }

    private static Output<?> cast(Ops tf, Output<?> x, DataType type) {
        return tf.scope()
                .opBuilder("Cast", "Cast")
                .addInput(x)
                .setAttr("DstT", type)
                .build()
                .output(0);
    }
}
