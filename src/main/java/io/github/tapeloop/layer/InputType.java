package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import org.tensorflow.proto.DataType;

/**
 * The types of input that a layer takes. The signatures of layers speak of {@code TFloat32} throughout, see the note
 * of this package; a layer says by {@link Layer#inputType()} what may stand behind it, and
 * {@link ForwardPass#tf(Layer, org.tensorflow.Operand)} refuses the rest.
 */
public enum InputType {

    /** float32, float64, and the float16 and bfloat16 of mixed precision: what nearly all layers compute with. */
    FLOATING("floating point input"),

    /** Numbers of any type: ids, counts, bytes of images, and all that is {@link #FLOATING}. */
    NUMBERS("numbers"),

    /** Text. */
    TEXT("text"),

    /** Anything, as a layer takes that does not look into its input. */
    ANY("anything");

    private final String words;

    InputType(String words) {
        this.words = words;
    }

    /**
     * Whether a tensor of a type is one.
     *
     * @param type a data type
     * @return true if layers that take this take it
     */
    public boolean takes(DataType type) {
        return switch (this) {
            case FLOATING ->
                type == DataType.DT_FLOAT
                        || type == DataType.DT_DOUBLE
                        || type == DataType.DT_HALF
                        || type == DataType.DT_BFLOAT16;
            case NUMBERS -> FLOATING.takes(type) || isWhole(type);
            case TEXT -> type == DataType.DT_STRING;
            case ANY -> true;
        };
    }

    static boolean isWhole(DataType type) {
        return switch (type) {
            case DT_INT8, DT_INT16, DT_INT32, DT_INT64, DT_UINT8, DT_UINT16, DT_UINT32, DT_UINT64 -> true;
            default -> false;
        };
    }

    /** What to do about an input that is not of this type. */
    String advice(DataType type) {
        String floats = "where the data are made, or by new Lambda((pass, x) -> pass.tf().dtypes.cast(x,"
                + " TFloat32.class)) before this layer";
        if (isWhole(type) && this == FLOATING) {
            return ": cast it to float32 " + floats + "; if these are ids, put an Embedding before";
        }
        if (type == DataType.DT_BOOL && this != TEXT) {
            return ": cast it to float32 " + floats;
        }
        if (type == DataType.DT_STRING) {
            return ": turn text into numbers where the data are made";
        }
        return this == TEXT ? ": give it strings" : ": " + Tensors.name(type) + " has no layer that computes with it";
    }

    @Override
    public String toString() {
        return words;
    }
}
