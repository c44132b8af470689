package io.github.tapeloop.store;

import io.github.tapeloop.format.FormatException;
import io.github.tapeloop.format.SafeDtype;
import java.util.LinkedHashMap;
import java.util.Map;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint16;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/** The types of TensorFlow Java's tensors, all but text, beside those of safetensors. */
final class Dtypes {

    private static final Map<SafeDtype, Class<? extends TType>> TYPES = new LinkedHashMap<>();

    static {
        TYPES.put(SafeDtype.BOOL, TBool.class);
        TYPES.put(SafeDtype.U8, TUint8.class);
        TYPES.put(SafeDtype.U16, TUint16.class);
        TYPES.put(SafeDtype.F16, TFloat16.class);
        TYPES.put(SafeDtype.BF16, TBfloat16.class);
        TYPES.put(SafeDtype.I32, TInt32.class);
        TYPES.put(SafeDtype.F32, TFloat32.class);
        TYPES.put(SafeDtype.F64, TFloat64.class);
        TYPES.put(SafeDtype.I64, TInt64.class);
    }

    private Dtypes() {}

    static SafeDtype of(Class<? extends TType> type) {
        return TYPES.entrySet().stream()
                .filter(entry -> entry.getValue() == type)
                .map(Map.Entry::getKey)
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException(
                        "Expected one of the types " + TYPES.values() + ", got " + type.getSimpleName()));
    }

    static Class<? extends TType> type(SafeDtype dtype, String tensor) throws FormatException {
        Class<? extends TType> type = TYPES.get(dtype);
        if (type == null) {
            throw new FormatException("Expected a type that TensorFlow Java has for '" + tensor + "', one of "
                    + TYPES.keySet() + ", got " + dtype);
        }
        return type;
    }
}
