package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TType;

/** The native handles behind the operands of a session: found, asked for shapes and values, and freed. */
final class SessionHandles {

    private final TapeSession session;
    private final SessionUse use;
    private final EagerExecutor executor;

    SessionHandles(TapeSession session, SessionUse use, EagerExecutor executor) {
        this.session = session;
        this.use = use;
        this.executor = executor;
    }

    /** The handle behind an output of the session that is still live. */
    OwnedHandle of(Output<?> output) {
        Pointer pointer = TensorFlowInternals.handle(output);
        if (!(pointer instanceof OwnedHandle handle)) {
            throw new IllegalArgumentException("Output '" + output.op().name() + "' of op "
                    + output.op().type() + " was not made with the Ops of this TapeSession: make it with session.tf()."
                    + " If it belongs to a step that is being compiled, it has no value yet: make ops of it instead of"
                    + " reading it in Java");
        }
        Tensors.requireLive(handle, output);
        if (handle.owner.session() != session) {
            throw new IllegalArgumentException("Output '" + output.op().name() + "' of op "
                    + output.op().type() + " belongs to another TapeSession: operands and models stay in the session"
                    + " they were made in");
        }
        return handle;
    }

    Shape shape(OwnedHandle handle) {
        boolean entered = use.begin();
        try {
            return executor.shape(handle);
        } finally {
            use.end(entered);
        }
    }

    /** The value of a handle as a native tensor that the caller closes. */
    TF_Tensor resolve(OwnedHandle handle) {
        boolean entered = use.begin();
        try {
            return executor.resolve(handle);
        } finally {
            use.end(entered);
        }
    }

    /** Gives a reader the value of an operand as a tensor that is closed afterwards. */
    @SuppressWarnings("unchecked") // An operand's static type is its tensor's.
    <T extends TType, R> R read(Operand<T> operand, Function<? super T, ? extends R> reader) {
        boolean entered = use.begin();
        try (TType tensor = TensorFlowInternals.tensor(executor.resolve(of(operand.asOutput())))) {
            return reader.apply((T) tensor);
        } finally {
            use.end(entered);
        }
    }

    /** The value of an operand as a tensor that the caller closes. */
    @SuppressWarnings("unchecked") // An operand's static type is its tensor's.
    <T extends TType> T tensor(Operand<T> operand) {
        boolean entered = use.begin();
        try {
            return (T) TensorFlowInternals.tensor(executor.resolve(of(operand.asOutput())));
        } finally {
            use.end(entered);
        }
    }

    /** Frees an operand, whatever scope owns it; one that is freed is left alone. */
    void free(Operand<?> operand) {
        if (TensorFlowInternals.handle(operand.asOutput()) instanceof OwnedHandle freeable && !freeable.isFreed()) {
            boolean entered = use.begin();
            try {
                OwnedHandle handle = of(operand.asOutput()); // Refuses an operand of another session.
                handle.owner.remove(handle);
                handle.free();
            } finally {
                use.end(entered);
            }
        }
    }
}
