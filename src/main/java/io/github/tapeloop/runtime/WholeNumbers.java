package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.GraphOperation;
import org.tensorflow.Output;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.TF_Tensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.ByteDataBuffer;
import org.tensorflow.proto.DataType;

/** Values of the small vectors that say what an op does: axes, sizes, lengths. */
final class WholeNumbers {

    /** The dimensions a tensor can have in TensorFlow. */
    private static final int MAX_COUNT = 254;

    private WholeNumbers() {}

    /** Whether a value was written down by the program, so that it is the same whenever this place is reached. */
    static boolean isConstant(Output<?> output) {
        return TensorFlowInternals.handle(output) instanceof OwnedHandle handle
                ? handle.type.equals("Const")
                : output.op() instanceof GraphOperation operation
                        && operation.type().equals("Const");
    }

    /**
     * The elements of a scalar or vector of int32 or int64, as many as there can be dimensions.
     *
     * @return null if it is anything else, or not known before the graph runs
     */
    static long[] of(Output<?> output) {
        DataType type = output.dataType();
        if (type != DataType.DT_INT32 && type != DataType.DT_INT64) {
            return null;
        }
        if (TensorFlowInternals.handle(output) instanceof OwnedHandle handle) {
            Tensors.requireLive(handle, output);
            if (handle.numbers == null && isSmall(handle.shape())) {
                handle.numbers = read(handle, type);
            }
            return handle.numbers;
        }
        if (!isConstant(output) || !isSmall(output.shape())) {
            return null;
        }
        try (RawTensor value = ((GraphOperation) output.op())
                .attributes()
                .getAttrTensor("value")
                .asRawTensor()) {
            ByteDataBuffer bytes = value.data(); // A constant's attribute comes without a type of its own.
            long[] numbers = new long[(int) output.shape().size()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = type == DataType.DT_INT32
                        ? bytes.asInts().getInt(i)
                        : bytes.asLongs().getLong(i);
            }
            return numbers;
        }
    }

    private static boolean isSmall(Shape shape) {
        return !shape.isUnknown()
                && shape.numDimensions() < 2
                && !shape.hasUnknownDimension()
                && shape.size() <= MAX_COUNT;
    }

    /** What lies in host memory anyway. */
    private static long[] read(OwnedHandle handle, DataType type) {
        try (TF_Tensor tensor = handle.owner.session().handles().resolve(handle)) {
            int count = (int) handle.shape().size();
            long[] numbers = new long[count];
            if (count == 0) {
                return numbers;
            }
            int width = type == DataType.DT_INT32 ? Integer.BYTES : Long.BYTES;
            ByteBuffer bytes = new BytePointer(tensorflow.TF_TensorData(tensor))
                    .capacity((long) count * width)
                    .asByteBuffer()
                    .order(ByteOrder.nativeOrder());
            for (int i = 0; i < count; i++) {
                numbers[i] = width == Integer.BYTES ? bytes.getInt(i * width) : bytes.getLong(i * width);
            }
            return numbers;
        }
    }
}
