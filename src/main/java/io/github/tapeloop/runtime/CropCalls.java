package io.github.tapeloop.runtime;

import io.github.tapeloop.op.OpCall;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Crops by boxes that a network has computed: numbers so large that arithmetic with them ends in NaN lead outside memory. */
final class CropCalls {

    /** As far outside the image as anything, and as far from the end of float32 as an image is wide. */
    private static final float FARTHEST = 1e30f;

    private CropCalls() {}

    /** The same with boxes that are no further away, which changes no result; NaN and infinity are refused. */
    static Operation boxes(SessionEnvironment environment, OpCall call) {
        int place = call.type().equals("CropAndResizeGradBoxes") ? 2 : 1;
        Ops tf = Ops.create(environment);
        Operand<TFloat32> finite = tf.scope()
                .opBuilder("CheckNumerics", "Boxes")
                .addInput(call.input(place))
                .setAttr("message", "the boxes of " + call.type() + " '" + call.name() + "'")
                .build()
                .output(0);
        Operand<TFloat32> near =
                tf.math.minimum(tf.math.maximum(finite, tf.constant(-FARTHEST)), tf.constant(FARTHEST));
        return FatalCalls.replaced(environment, call, place, near);
    }
}
