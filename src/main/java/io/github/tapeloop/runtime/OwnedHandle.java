package io.github.tapeloop.runtime;

import org.bytedeco.javacpp.Pointer;
import org.tensorflow.Output;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;

/**
 * The native handle of one eager output together with who owns it: a link in the list of a {@link TensorScope}, so that
 * an output finds its owner, and leaves it, without a search. Once freed the pointer is null, which every later use
 * of the output notices.
 */
final class OwnedHandle extends TFE_TensorHandle {

    final String type;

    /** Kept with output 0 of an op with output lists, whose lengths TensorFlow Java asks of it; null elsewhere. */
    private TFE_Op op;

    /** Where the op was made, in debug mode; null otherwise. */
    Throwable site;

    /** What {@link WholeNumbers} has read of the value; null until it is asked. */
    long[] numbers;

    /** What a handle of a variable or a table holds; null for all others. */
    DataType[] holds;

    TensorScope owner;
    OwnedHandle previous;
    OwnedHandle next;

    private Shape shape;
    private DataType dataType;

    OwnedHandle(long address, String type) {
        super((Pointer) null);
        this.address = address;
        this.type = type;
    }

    /** The shape of the value, asked of TensorFlow once. */
    Shape shape() {
        if (shape == null) {
            shape = owner.session().handles().shape(this);
        }
        return shape;
    }

    /** The type of the output that this is the handle of, asked of TensorFlow once. */
    DataType dataType(Output<?> output) {
        if (dataType == null) {
            dataType = output.dataType();
        }
        return dataType;
    }

    /** Whether the memory is gone. */
    boolean isFreed() {
        return address == 0;
    }

    /**
     * What TensorFlow Java asks, by itself and of any thread, before it uses the handle: also true while another thread
     * closes the session, which frees it at any moment then.
     */
    @Override
    public boolean isNull() {
        TensorScope scope = owner;
        return isFreed() || scope != null && scope.session().isClosed();
    }

    /**
     * Keeps an op for its output lists, to be freed with this.
     *
     * @return the op, which knows when it must not be used
     */
    TFE_Op keep(TFE_Op made) {
        op = new TFE_Op(made) {
            @Override
            public boolean isNull() {
                return super.isNull() || OwnedHandle.this.isNull();
            }
        };
        return op;
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
