package io.github.tapeloop.store;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TensorValue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** Moments to save, of values on the heap. */
final class Moments {

    private Moments() {}

    /** A value on the heap that knows whether it was closed. */
    static final class HeapValue implements TensorValue {
        private final float[] values;
        private boolean closed;

        HeapValue(float... values) {
            this.values = values;
        }

        boolean isClosed() {
            return closed;
        }

        @Override
        public Class<? extends TType> type() {
            return TFloat32.class;
        }

        @Override
        public Shape shape() {
            return Shape.of(values.length);
        }

        @Override
        public long bytes() {
            return (long) values.length * Float.BYTES;
        }

        @Override
        public ByteBuffer slice(long from, int length) {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(values);
            return bytes.slice((int) from, length);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    /** A model's weights and an optimizer's moments, all of one number, and some small values. */
    static Contents contents(float number) {
        Map<String, Contents.Part> parts = new LinkedHashMap<>();
        parts.put(
                "model",
                new Contents.Part(
                        Map.of(
                                "model/dense/kernel",
                                new HeapValue(number, 2, 3),
                                "model/dense/bias",
                                new HeapValue(number)),
                        Map.of()));
        parts.put(
                "optimizer",
                new Contents.Part(Map.of("optimizer/momentum", new HeapValue(number)), Map.of("steps", 7L)));
        parts.put(
                "loop",
                new Contents.Part(
                        Map.of(),
                        Map.of(
                                "epoch",
                                3L,
                                "rate",
                                0.1,
                                "nan",
                                Double.NaN,
                                "stopping",
                                true,
                                "reason",
                                "enough \"is\" enough\n",
                                "curve",
                                new double[] {1, -0.0, Double.NEGATIVE_INFINITY},
                                "orders",
                                new long[] {Long.MIN_VALUE, Long.MAX_VALUE},
                                "said",
                                List.of("a", "ü"))));
        return new Contents(parts);
    }

    static Moment moment(long step) {
        return moment(step, Map.of());
    }

    static Moment moment(long step, Map<String, Double> scores) {
        return new Moment(step, scores, Map.of("threads", "1"), contents(step));
    }

    /** The number that {@link #contents} was given. */
    static float number(Checkpoint checkpoint) {
        TensorValue kernel = checkpoint.contents().tensors().get("model/dense/kernel");
        FloatBuffer floats = kernel.slice(0, (int) kernel.bytes())
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        return floats.get(0);
    }
}
