package io.github.tapeloop.bridge;

import io.github.tapeloop.bridge.NativeGraph.Ports;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_SessionOptions;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.family.TType;

/**
 * A graph with values for its variables, which any number of threads may run at a time: TensorFlow says so of {@code TF_SessionRun}. What a
 * call needs in native memory is kept for the next one, so there are as many as calls ran side by side.
 */
public final class NativeSession implements AutoCloseable {

    private final TF_Session handle;
    private final Queue<Scratch> free = new ConcurrentLinkedQueue<>();

    /** A result, on the Java heap. */
    public record Floats(long[] shape, float[] values) {}

    /**
     * Opens a session; variables have no values yet.
     *
     * @param graph is closed after this
     */
    public NativeSession(NativeGraph graph, ConfigProto config) {
        byte[] bytes = config.toByteArray();
        try (PointerScope freed = new PointerScope();
                BytePointer proto = new BytePointer(bytes)) {
            TF_Status status = TF_Status.newStatus();
            TF_SessionOptions options = TF_SessionOptions.newSessionOptions();
            tensorflow.TF_SetConfig(options, proto, bytes.length, status);
            status.throwExceptionIfNotOK();
            handle = tensorflow.TF_NewSession(graph.handle, options, status);
            status.throwExceptionIfNotOK();
        }
    }

    /** The native memory of a call. */
    private static final class Scratch {
        private final TF_Status status = kept(TF_Status.newStatus());
        private final PointerPointer<TF_Tensor> given;
        private final PointerPointer<TF_Tensor> results;
        private final PointerPointer<TF_Operation> targets = kept(new PointerPointer<>(1));

        private Scratch(int inputs, int outputs) {
            given = kept(new PointerPointer<>(Math.max(1, inputs)));
            results = kept(new PointerPointer<>(Math.max(1, outputs)));
        }

        /** Whatever scope the caller has open must not free it. */
        private static <P extends Pointer> P kept(P pointer) {
            pointer.retainReference();
            return pointer;
        }

        private boolean suits(Ports ports) {
            return given.capacity() >= ports.feedCount && results.capacity() >= ports.fetchCount;
        }

        private void close() {
            status.releaseReference();
            given.releaseReference();
            results.releaseReference();
            targets.releaseReference();
        }
    }

    /**
     * Runs the graph.
     *
     * @param ports of the graph
     * @param inputs for its feeds, of their types; they stay the caller's
     * @return what its fetches are, float32
     * @throws RuntimeException of TensorFlow Java's making, if an op fails
     */
    public List<Floats> run(Ports ports, List<? extends TType> inputs) {
        Scratch pooled = free.poll();
        if (pooled != null && !pooled.suits(ports)) {
            pooled.close();
            pooled = null;
        }
        Scratch scratch = pooled == null ? new Scratch(ports.feedCount, ports.fetchCount) : pooled;
        try {
            for (int i = 0; i < ports.feedCount; i++) {
                RawTensor raw = inputs.get(i).asRawTensor();
                scratch.given.put(i, TensorFlowInternals.handle(raw));
            }
            if (ports.target != null) {
                scratch.targets.put(0, ports.target);
            }
            tensorflow.TF_SessionRun(
                    handle,
                    null,
                    ports.feeds,
                    scratch.given,
                    ports.feedCount,
                    ports.fetches,
                    scratch.results,
                    ports.fetchCount,
                    scratch.targets,
                    ports.target == null ? 0 : 1,
                    null,
                    scratch.status);
            scratch.status.throwExceptionIfNotOK();
            return take(scratch, ports.fetchCount);
        } finally {
            free.add(scratch);
        }
    }

    private static List<Floats> take(Scratch scratch, int count) {
        List<Floats> all = new ArrayList<>(count);
        try {
            for (int i = 0; i < count; i++) {
                all.add(floats(scratch.results.get(TF_Tensor.class, i)));
            }
            return all;
        } finally {
            for (int i = 0; i < count; i++) {
                tensorflow.TF_DeleteTensor(scratch.results.get(TF_Tensor.class, i));
            }
        }
    }

    private static Floats floats(TF_Tensor tensor) {
        long[] shape = new long[tensorflow.TF_NumDims(tensor)];
        long size = 1;
        for (int i = 0; i < shape.length; i++) {
            shape[i] = tensorflow.TF_Dim(tensor, i);
            size *= shape[i];
        }
        float[] values = new float[Math.toIntExact(size)];
        if (size > 0) { // TensorFlow has no memory for a tensor of no elements.
            new FloatPointer(tensorflow.TF_TensorData(tensor)).get(values);
        }
        return new Floats(shape, values);
    }

    /** Frees the values, when no call runs any more. */
    @Override
    public void close() {
        try (PointerScope freed = new PointerScope()) {
            TF_Status status = TF_Status.newStatus();
            tensorflow.TF_CloseSession(handle, status);
            tensorflow.TF_DeleteSession(handle, status);
            free.forEach(Scratch::close);
            free.clear();
        }
    }
}
