package io.github.tapeloop.op;

import com.google.protobuf.ByteString;
import io.github.tapeloop.bridge.NativeText;
import io.github.tapeloop.bridge.TensorFlowInternals;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bytedeco.javacpp.BooleanPointer;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Tensor;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.NameAttrList;
import org.tensorflow.proto.TensorShapeProto;

/** Hands attribute values to native eager ops, and to the builders of other ops. */
public final class OpAttributes {

    private OpAttributes() {}

    /** Sets one attribute; true if {@code status} tells how that went, false if it cannot fail here. */
    public static boolean set(TFE_Op op, BytePointer name, Object value, TF_Status status) {
        if (value instanceof DataType v) {
            tensorflow.TFE_OpSetAttrType(op, name, v.getNumber());
        } else if (value instanceof Boolean v) {
            tensorflow.TFE_OpSetAttrBool(op, name, (byte) (v ? 1 : 0));
        } else if (value instanceof Long v) {
            tensorflow.TFE_OpSetAttrInt(op, name, v);
        } else if (value instanceof Float v) {
            tensorflow.TFE_OpSetAttrFloat(op, name, v);
        } else if (value instanceof byte[] v) {
            setString(op, name, v);
        } else if (value instanceof ConcreteFunction v) {
            try (BytePointer function = NativeText.of(v.getDefinedName())) {
                tensorflow.TFE_OpSetAttrFunctionName(op, name, function, function.capacity() - 1);
            }
        } else if (!setList(op, name, value)) {
            setChecked(op, name, value, status);
            return true;
        }
        return false;
    }

    private static void setChecked(TFE_Op op, BytePointer name, Object value, TF_Status status) {
        if (value instanceof Shape v) {
            tensorflow.TFE_OpSetAttrShape(op, name, v.asArray(), v.numDimensions(), status);
        } else if (value instanceof Tensor v) {
            tensorflow.TFE_OpSetAttrTensor(op, name, TensorFlowInternals.handle(v.asRawTensor()), status);
        } else if (value instanceof AttrValue v) {
            setProto(op, name, v, status);
        } else if (value instanceof String[] v) {
            setProto(op, name, listOf(v), status);
        } else if (value instanceof Shape[] v) {
            setProto(op, name, listOf(v), status);
        } else if (value instanceof ConcreteFunction[] v) {
            setProto(op, name, listOf(v), status);
        } else {
            throw new UnsupportedOperationException("TensorFlow's eager ops take no attribute of type "
                    + value.getClass().getSimpleName());
        }
    }

    private static boolean setList(TFE_Op op, BytePointer name, Object value) {
        if (value instanceof long[] v) {
            tensorflow.TFE_OpSetAttrIntList(op, name, v, v.length);
        } else if (value instanceof float[] v) {
            tensorflow.TFE_OpSetAttrFloatList(op, name, v, v.length);
        } else if (value instanceof boolean[] v) {
            try (BooleanPointer flags = new BooleanPointer(v)) {
                tensorflow.TFE_OpSetAttrBoolList(op, name, new BytePointer(flags), v.length);
            }
        } else if (value instanceof DataType[] v) {
            int[] numbers = Arrays.stream(v).mapToInt(DataType::getNumber).toArray();
            tensorflow.TFE_OpSetAttrTypeList(op, name, numbers, numbers.length);
        } else {
            return false;
        }
        return true;
    }

    private static void setString(TFE_Op op, BytePointer name, byte[] value) {
        try (BytePointer bytes = new BytePointer(value)) {
            tensorflow.TFE_OpSetAttrString(op, name, bytes, value.length);
        }
    }

    /** Lists of texts, of shapes and of functions are rare: their proto form spares the pointer arithmetic. */
    private static void setProto(TFE_Op op, BytePointer name, AttrValue value, TF_Status status) {
        byte[] bytes = value.toByteArray();
        try (BytePointer proto = new BytePointer(bytes)) {
            tensorflow.TFE_OpSetAttrValueProto(op, name, proto, bytes.length, status);
        }
    }

    private static AttrValue listOf(String[] texts) {
        AttrValue.ListValue.Builder list = AttrValue.ListValue.newBuilder();
        for (String text : texts) {
            list.addS(ByteString.copyFromUtf8(text));
        }
        return AttrValue.newBuilder().setList(list).build();
    }

    private static AttrValue listOf(ConcreteFunction[] functions) {
        AttrValue.ListValue.Builder list = AttrValue.ListValue.newBuilder();
        for (ConcreteFunction function : functions) {
            list.addFunc(NameAttrList.newBuilder().setName(function.getDefinedName()));
        }
        return AttrValue.newBuilder().setList(list).build();
    }

    private static AttrValue listOf(Shape[] shapes) {
        AttrValue.ListValue.Builder list = AttrValue.ListValue.newBuilder();
        for (Shape shape : shapes) {
            TensorShapeProto.Builder proto = TensorShapeProto.newBuilder().setUnknownRank(shape.isUnknown());
            for (int i = 0; i < shape.numDimensions(); i++) {
                proto.addDim(TensorShapeProto.Dim.newBuilder().setSize(shape.get(i)));
            }
            list.addShape(proto);
        }
        return AttrValue.newBuilder().setList(list).build();
    }

    /** A value as an attribute's Java type, where one kind of attribute has several; as it is if it is of none of them. */
    public static Object as(Class<?> type, Object value) {
        if (type == long[].class) {
            return numbers(value);
        }
        Object plain = value instanceof AttrValue proto && type != Object.class ? NodeAttributes.value(proto) : value;
        return type == String.class && plain instanceof byte[] bytes
                ? new String(bytes, StandardCharsets.UTF_8)
                : plain;
    }

    /** A list of whole numbers; null for any other value. */
    public static long[] numbers(Object value) {
        if (value instanceof AttrValue proto && proto.hasList()) {
            return proto.getList().getIList().stream()
                    .mapToLong(Long::longValue)
                    .toArray();
        }
        return value instanceof long[] list ? list : null;
    }

    /** Sets an attribute of any type on a builder. */
    public static void copy(OperationBuilder target, String name, Object value) {
        if (value instanceof Boolean v) {
            target.setAttr(name, v.booleanValue());
        } else if (value instanceof Long v) {
            target.setAttr(name, v.longValue());
        } else if (value instanceof Float v) {
            target.setAttr(name, v.floatValue());
        } else if (value instanceof String v) {
            target.setAttr(name, v);
        } else if (value instanceof DataType v) {
            target.setAttr(name, v);
        } else if (value instanceof Shape v) {
            target.setAttr(name, v);
        } else if (value instanceof Tensor v) {
            target.setAttr(name, v);
        } else if (value instanceof AttrValue v) {
            target.setAttr(name, v);
        } else if (value instanceof ConcreteFunction v) {
            target.setAttr(name, v);
        } else if (value instanceof byte[] v) {
            target.setAttr(name, v);
        } else {
            copyList(target, name, value);
        }
    }

    private static void copyList(OperationBuilder target, String name, Object value) {
        if (value instanceof long[] v) {
            target.setAttr(name, v);
        } else if (value instanceof float[] v) {
            target.setAttr(name, v);
        } else if (value instanceof boolean[] v) {
            target.setAttr(name, v);
        } else if (value instanceof String[] v) {
            target.setAttr(name, v);
        } else if (value instanceof DataType[] v) {
            target.setAttr(name, v);
        } else if (value instanceof Shape[] v) {
            target.setAttr(name, v);
        } else if (value instanceof Tensor[] v) {
            target.setAttr(name, v);
        } else if (value instanceof ConcreteFunction[] v) {
            target.setAttr(name, v);
        } else {
            throw new IllegalArgumentException(
                    "Attribute " + name + " has a value of unknown type " + value.getClass());
        }
    }
}
