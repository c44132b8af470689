package io.github.tapeloop.fuzz;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TString;

/**
 * A tensor that an op is given, as a value: it can be varied, written down, and made anew in any environment.
 *
 * @param numbers the elements of a numeric tensor
 * @param texts those of a tensor of texts
 */
record RawValue(DataType type, long[] shape, double[] numbers, String[] texts) {

    /** Elements shown in the words for a value. */
    private static final int SHOWN = 8;

    static RawValue of(DataType type, long[] shape, double[] numbers) {
        return new RawValue(type, shape, numbers, null);
    }

    static RawValue of(long[] shape, String[] texts) {
        return new RawValue(DataType.DT_STRING, shape, null, texts);
    }

    static int size(long[] shape) {
        return (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    boolean isFloat() {
        return switch (type) {
            case DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16 -> true;
            default -> false;
        };
    }

    boolean hasNaN() {
        return numbers != null && Arrays.stream(numbers).anyMatch(Double::isNaN);
    }

    /** Whether a traced function takes such a thing from outside. */
    boolean canBeFed() {
        return switch (type) {
            case DT_FLOAT,
                    DT_DOUBLE,
                    DT_HALF,
                    DT_BFLOAT16,
                    DT_INT32,
                    DT_INT64,
                    DT_UINT8,
                    DT_UINT16,
                    DT_BOOL,
                    DT_STRING -> true;
            default -> false;
        };
    }

    RawValue with(double[] newNumbers) {
        return of(type, shape, newNumbers);
    }

    Output<?> make(Ops tf) {
        Shape dimensions = Shape.of(shape);
        return switch (type) {
            case DT_STRING -> texts(tf, dimensions).asOutput();
            case DT_DOUBLE ->
                tf.constant(dimensions, DataBuffers.of(numbers, true, true)).asOutput();
            case DT_FLOAT -> {
                float[] floats = new float[numbers.length];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = (float) numbers[i];
                }
                yield tf.constant(dimensions, DataBuffers.of(floats)).asOutput();
            }
            case DT_INT32 ->
                tf.constant(
                                dimensions,
                                DataBuffers.of(Arrays.stream(numbers)
                                        .mapToInt(number -> (int) number)
                                        .toArray()))
                        .asOutput();
            case DT_INT64 -> whole(tf, dimensions).asOutput();
            case DT_QINT8 -> bits(tf, DataType.DT_INT8);
            case DT_QUINT8 -> bits(tf, DataType.DT_UINT8);
            case DT_QINT16 -> bits(tf, DataType.DT_INT16);
            case DT_QUINT16 -> bits(tf, DataType.DT_UINT16);
            case DT_QINT32 -> bits(tf, DataType.DT_INT32);
            case DT_RESOURCE, DT_VARIANT -> special(tf);
            case DT_BOOL, DT_HALF, DT_BFLOAT16, DT_COMPLEX64, DT_COMPLEX128 ->
                cast(tf, tf.constant(dimensions, DataBuffers.of(numbers, true, true)), type);
            default -> cast(tf, whole(tf, dimensions), type);
        };
    }

    private Operand<?> whole(Ops tf, Shape dimensions) {
        return tf.constant(
                dimensions,
                DataBuffers.of(Arrays.stream(numbers)
                        .mapToLong(number -> (long) number)
                        .toArray()));
    }

    private Operand<TString> texts(Ops tf, Shape dimensions) {
        return tf.constant(NdArrays.wrap(dimensions, DataBuffers.ofObjects(texts)));
    }

    private Output<?> bits(Ops tf, DataType same) {
        return tf.scope()
                .opBuilder("Bitcast", "Bits")
                .addInput(cast(tf, whole(tf, Shape.of(shape)), same))
                .setAttr("type", type)
                .build()
                .output(0);
    }

    static Output<?> cast(Ops tf, Operand<?> value, DataType type) {
        return tf.scope()
                .opBuilder("Cast", "Cast")
                .addInput(value.asOutput())
                .setAttr("DstT", type)
                .build()
                .output(0);
    }

    /** Something of a resource or a variant; the first number says which. */
    private Output<?> special(Ops tf) {
        int which = (int) numbers[0];
        if (type == DataType.DT_VARIANT) {
            return variant(tf, which);
        }
        return switch (which % 5) {
            case 0 ->
                tf.scope()
                        .opBuilder("VarHandleOp", "Handle")
                        .setAttr("dtype", DataType.DT_FLOAT)
                        .setAttr("shape", Shape.of(2, 3))
                        .setAttr("shared_name", "fuzz" + which)
                        .build()
                        .output(0);
            case 1 ->
                tf.scope()
                        .opBuilder("StackV2", "Stack")
                        .addInput(tf.constant(4).asOutput())
                        .setAttr("elem_type", DataType.DT_FLOAT)
                        .build()
                        .output(0);
            case 2 ->
                tf.scope()
                        .opBuilder("MutableHashTableV2", "Table")
                        .setAttr("key_dtype", DataType.DT_INT64)
                        .setAttr("value_dtype", DataType.DT_FLOAT)
                        .build()
                        .output(0);
            case 3 ->
                tf.scope()
                        .opBuilder("TensorArrayV3", "Array")
                        .addInput(tf.constant(3).asOutput())
                        .setAttr("dtype", DataType.DT_FLOAT)
                        .build()
                        .output(0);
            default -> {
                Output<?> handle = tf.scope()
                        .opBuilder("VarHandleOp", "Handle")
                        .setAttr("dtype", DataType.DT_FLOAT)
                        .setAttr("shape", Shape.of(2, 3))
                        .setAttr("shared_name", "set" + which)
                        .build()
                        .output(0);
                tf.scope()
                        .opBuilder("AssignVariableOp", "Set")
                        .addInput(handle)
                        .addInput(tf.constant(new float[2][3]).asOutput())
                        .build();
                yield handle;
            }
        };
    }

    private Output<?> variant(Ops tf, int which) {
        return switch (which % 4) {
            case 0 ->
                tf.scope()
                        .opBuilder("TensorListFromTensor", "List")
                        .addInput(tf.constant(new float[3][2]).asOutput())
                        .addInput(tf.constant(new int[] {2}).asOutput())
                        .build()
                        .output(0);
            case 1 -> tf.scope().opBuilder("EmptyTensorMap", "Map").build().output(0);
            case 2 ->
                tf.scope()
                        .opBuilder("TensorDataset", "Dataset")
                        .addInputList(new Output<?>[] {tf.constant(1f).asOutput()})
                        .setAttr("Toutput_types", new DataType[] {DataType.DT_FLOAT})
                        .setAttr("output_shapes", new Shape[] {Shape.scalar()})
                        .build()
                        .output(0);
            default ->
                tf.scope()
                        .opBuilder("SparseTensorToCSRSparseMatrix", "Matrix")
                        .addInput(tf.constant(new long[][] {{0, 1}, {1, 0}}).asOutput())
                        .addInput(tf.constant(new float[] {1, 2}).asOutput())
                        .addInput(tf.constant(new long[] {2, 2}).asOutput())
                        .build()
                        .output(0);
        };
    }

    @Override
    public String toString() {
        String name = type.name().substring(3).toLowerCase(java.util.Locale.ROOT) + Arrays.toString(shape);
        if (type == DataType.DT_STRING) {
            return name + Arrays.stream(texts).limit(2).toList();
        }
        boolean shown = numbers.length <= SHOWN || !isFloat();
        return shown
                ? name
                        + Arrays.stream(numbers)
                                .limit(SHOWN)
                                .mapToObj(n -> n == (long) n ? Long.toString((long) n) : Double.toString(n))
                                .collect(Collectors.joining(",", "{", numbers.length > SHOWN ? "...}" : "}"))
                : name + (Arrays.stream(numbers).allMatch(Double::isFinite) ? "" : "!");
    }
}
