package io.github.tapeloop.runtime;

import org.bytedeco.javacpp.Pointer;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;

/**
 * The native handle of one eager output together with who owns it: a link in the list of a {@link TensorScope}, so that
 * an output finds its owner, and leaves it, without a search. Once freed the pointer is null, which every later use
 * of the output notices.
 */
final class OwnedHandle extends TFE_TensorHandle {

    final String type;

    /** Kept with output 0 of an op with output lists, whose lengths TensorFlow Java asks of it; null elsewhere. */
    TFE_Op op;

    /** Where the op was made, in debug mode; null otherwise. */
    Throwable site;

    /** What {@link WholeNumbers} has read of the value; null until it is asked. */
    long[] numbers;

    TensorScope owner;
    OwnedHandle previous;
    OwnedHandle next;

    private Shape shape;

    OwnedHandle(long address, String type) {
        super((Pointer) null);
        this.address = address;
        this.type = type;
    }

    /** The shape of the value, asked of TensorFlow once. */
    Shape shape() {
        if (shape == null) {
            shape = owner.session().shape(this);
        }
        return shape;
    }

    void free() {
        tensorflow.TFE_DeleteTensorHandle(this);
        setNull();
        if (op != null) {
            tensorflow.TFE_DeleteOp(op);
            op.setNull();
        }
    }
}
