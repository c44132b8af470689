package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.AttrValue;

/** What TensorFlow may be told of a function before it knows it. */
enum FunctionFlag {
    /** XLA compiles it, or a call fails. */
    MUST_COMPILE("_XlaMustCompile"),
    /** It is called as it is, and never made a part of the graph that calls it. */
    NO_INLINE("_noinline");

    private final String attribute;

    FunctionFlag(String attribute) {
        this.attribute = attribute;
    }

    void set(ConcreteFunction function) {
        byte[] yes = AttrValue.newBuilder().setB(true).build().toByteArray();
        try (BytePointer proto = new BytePointer(yes);
                PointerScope scope = new PointerScope()) {
            TF_Status status = TF_Status.newStatus();
            tensorflow.TF_FunctionSetAttrValueProto(
                    TensorFlowInternals.handle(function), attribute, proto, yes.length, status);
            status.throwExceptionIfNotOK();
        }
    }
}
