package io.github.tapeloop.bench;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.lang.reflect.Method;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.tensorflow.EagerSession;
import org.tensorflow.Operand;
import org.tensorflow.internal.c_api.TFE_Context;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TFE_TensorHandle;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/** One scalar addition, run and freed: through a session's ops, and by TensorFlow's C functions alone. */
final class EagerOps {

    private EagerOps() {}

    /** Ours. */
    static final class Session implements Contestant {

        private final TapeSession session = TapeSession.builder().threads(1, 1).build();
        private final Operand<TFloat32> one = session.tf().constant(1f);

        @Override
        public double microsPerStep(int steps) {
            Ops tf = session.tf();
            long start = System.nanoTime();
            for (int i = 0; i < steps; i++) {
                try (TensorScope scope = session.scope()) {
                    tf.math.add(one, one);
                }
            }
            return (System.nanoTime() - start) / 1e3 / steps;
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /** The least that can be done from Java. */
    static final class Raw implements Contestant {

        private final EagerSession session = EagerSession.options()
                .config(ConfigProto.newBuilder()
                        .setInterOpParallelismThreads(1)
                        .setIntraOpParallelismThreads(1)
                        .build())
                .build();
        private final TFE_Context context = context(session);
        private final TF_Status status = TF_Status.newStatus();
        private final PointerPointer<TFE_TensorHandle> results = new PointerPointer<>(8);
        private final IntPointer count = new IntPointer(1);
        private final BytePointer name = new BytePointer("Add");
        private final TFE_TensorHandle one = scalar();

        private static TFE_Context context(EagerSession session) {
            try {
                Method handle = EagerSession.class.getDeclaredMethod("nativeHandle");
                handle.setAccessible(true);
                return (TFE_Context) handle.invoke(session);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        private TFE_TensorHandle scalar() {
            TF_Tensor tensor = TF_Tensor.allocateTensor(tensorflow.TF_FLOAT, new long[0], Float.BYTES);
            tensorflow.TF_TensorData(tensor).limit(Float.BYTES).asByteBuffer().putInt(0, Float.floatToIntBits(1f));
            return tensorflow.TFE_NewTensorHandle(tensor, status);
        }

        @Override
        public double microsPerStep(int steps) {
            long start = System.nanoTime();
            for (int i = 0; i < steps; i++) {
                TFE_Op op = tensorflow.TFE_NewOp(context, name, status);
                tensorflow.TFE_OpAddInput(op, one, status);
                tensorflow.TFE_OpAddInput(op, one, status);
                count.put(8);
                tensorflow.TFE_Execute(op, results, count, status);
                tensorflow.TFE_DeleteTensorHandle(results.get(TFE_TensorHandle.class, 0));
                tensorflow.TFE_DeleteOp(op);
            }
            return (System.nanoTime() - start) / 1e3 / steps;
        }

        @Override
        public void close() {
            tensorflow.TFE_DeleteTensorHandle(one);
            session.close();
        }
    }
}
