package io.github.tapeloop.fuzz;

import io.github.tapeloop.op.OpDefs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.AttrValue;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.OpDef;

/** Makes calls of ops at random: of nothing but an op's definition, or out of one that is right. */
final class RawCallMaker {

    private static final List<DataType> USUAL =
            List.of(DataType.DT_FLOAT, DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_DOUBLE, DataType.DT_INT32);

    private static final List<DataType> TYPES = List.of(
            DataType.DT_FLOAT,
            DataType.DT_DOUBLE,
            DataType.DT_INT32,
            DataType.DT_INT64,
            DataType.DT_BOOL,
            DataType.DT_HALF,
            DataType.DT_BFLOAT16,
            DataType.DT_COMPLEX64,
            DataType.DT_COMPLEX128,
            DataType.DT_UINT8,
            DataType.DT_INT8,
            DataType.DT_INT16,
            DataType.DT_UINT16,
            DataType.DT_UINT32,
            DataType.DT_UINT64,
            DataType.DT_STRING,
            DataType.DT_QINT8,
            DataType.DT_QUINT8,
            DataType.DT_QINT32);

    private static final int MOST_ELEMENTS = 3000;

    private final Dice dice;

    RawCallMaker(Dice dice) {
        this.dice = dice;
    }

    /** A call of an op type of which only the definition is known; null if it has functions as attributes. */
    RawCall make(OpDef def) {
        Map<String, Object> chosen = new HashMap<>();
        Map<String, Object> attributes = new LinkedHashMap<>();
        for (OpDef.AttrDef attribute : def.getAttrList()) {
            boolean inferred = isInferred(def, attribute.getName());
            if (attribute.getType().contains("func") || attribute.getType().equals("tensor")) {
                return null;
            }
            Object value = attribute(attribute);
            chosen.put(attribute.getName(), value);
            if (!inferred && (!attribute.hasDefaultValue() || dice.chance(0.4))) {
                attributes.put(attribute.getName(), value);
            }
        }
        List<RawValue> arguments = new ArrayList<>();
        List<Integer> groups = new ArrayList<>();
        long[] base = shape();
        for (OpDef.ArgDef argument : def.getInputArgList()) {
            List<DataType> types = types(argument, chosen);
            groups.add(OpDefs.isList(argument) ? types.size() : -1);
            for (DataType type : types) {
                arguments.add(argument(argument, type, base));
            }
        }
        return new RawCall(def.getName(), arguments, groups, attributes);
    }

    private static boolean isInferred(OpDef def, String attribute) {
        return def.getInputArgList().stream()
                .anyMatch(argument -> argument.getTypeAttr().equals(attribute)
                        || argument.getNumberAttr().equals(attribute)
                        || argument.getTypeListAttr().equals(attribute));
    }

    private List<DataType> types(OpDef.ArgDef argument, Map<String, Object> chosen) {
        if (!argument.getTypeListAttr().isEmpty()) {
            return Arrays.asList((DataType[]) chosen.get(argument.getTypeListAttr()));
        }
        DataType type =
                argument.getTypeAttr().isEmpty() ? argument.getType() : (DataType) chosen.get(argument.getTypeAttr());
        if (argument.getNumberAttr().isEmpty()) {
            return List.of(type);
        }
        long count = Math.max(0, Math.min(4, (Long) chosen.get(argument.getNumberAttr())));
        return IntStream.range(0, (int) count).mapToObj(i -> type).toList();
    }

    /** A value for an argument; one that says sizes, axes or places is often a small vector of whole numbers. */
    private RawValue argument(OpDef.ArgDef argument, DataType type, long[] base) {
        boolean whole = type == DataType.DT_INT32 || type == DataType.DT_INT64;
        boolean says = argument.getName()
                .matches(".*(shape|size|dim|axis|axes|perm|begin|end|stride|multipl|padding|crop|length|num|depth|count"
                        + "|shift|start|limit|indices|row|col|seed|split|^k$|sample|batch|time|max|rank|index|min).*");
        if (whole && says && dice.chance(0.8) || whole && dice.chance(0.2)) {
            int kind = dice.below(10);
            long[] shape = kind < 3
                    ? new long[0]
                    : kind < 8
                            ? new long[] {dice.chance(0.7) ? base.length : dice.below(5)}
                            : new long[] {dice.below(4), dice.chance(0.5) ? 2 : dice.below(4)};
            double[] numbers = new double[RawValue.size(shape)];
            int style = dice.below(4);
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = style == 0 ? wild() : style == 1 ? i : dice.below(4);
            }
            return RawValue.of(type, shape, numbers);
        }
        int kind = dice.below(20);
        long[] shape = kind < 11
                ? base
                : kind < 13 && base.length > 0
                        ? new long[] {base[base.length - 1]}
                        : kind < 15 && base.length > 0
                                ? Arrays.copyOf(base, base.length - 1)
                                : kind < 17 ? new long[0] : shape();
        return value(type, shape);
    }

    /** A whole number that may be anything, small ones first. */
    private double wild() {
        return switch (dice.below(12)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> -dice.between(2, 9);
            case 3 -> Integer.MAX_VALUE;
            case 4 -> Integer.MIN_VALUE;
            case 5 -> dice.oneOf(1 << 16, 65537, 46341, 1 << 30, 10_007);
            case 6 -> 1e18;
            default -> dice.between(1, 6);
        };
    }

    private long[] shape() {
        int rank = dice.of(0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 6);
        long[] shape = new long[rank];
        for (int i = 0; i < rank; i++) {
            shape[i] = size();
        }
        return bounded(shape);
    }

    private long size() {
        int kind = dice.below(20);
        return kind == 0 ? 0 : kind < 6 ? 1 : kind < 18 ? dice.between(2, 4) : dice.between(5, 9);
    }

    private static long[] bounded(long[] shape) {
        for (int i = 0; RawValue.size(shape) > MOST_ELEMENTS; i++) {
            shape[i] = Math.min(shape[i], 2);
        }
        return shape;
    }

    /** A tensor of a shape. */
    RawValue value(DataType type, long[] shape) {
        int size = RawValue.size(shape);
        if (type == DataType.DT_STRING) {
            String[] texts = new String[size];
            for (int i = 0; i < size; i++) {
                texts[i] = dice.oneOf("", "a", "1", "-1.5", "ab,c", "%", "(", "\u00e9", "nan", "2147483648");
            }
            return RawValue.of(shape, texts);
        }
        if (type == DataType.DT_RESOURCE || type == DataType.DT_VARIANT) {
            return RawValue.of(type, new long[0], new double[] {dice.below(60)});
        }
        return RawValue.of(type, shape, numbers(type, size));
    }

    private double[] numbers(DataType type, int size) {
        double[] numbers = new double[size];
        boolean whole =
                switch (type) {
                    case DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16, DT_COMPLEX64, DT_COMPLEX128 -> false;
                    default -> true;
                };
        int style = dice.below(10);
        for (int i = 0; i < size; i++) {
            if (type == DataType.DT_BOOL) {
                numbers[i] = dice.below(2);
            } else if (whole) {
                numbers[i] = style == 0 ? wild() : style < 3 ? dice.between(-2, 3) : dice.below(4);
            } else {
                numbers[i] = style == 0 ? odd() : style == 1 ? dice.below(3) : style < 4 ? dice.unit() : dice.normal();
            }
        }
        return numbers;
    }

    private double odd() {
        return switch (dice.below(9)) {
            case 0 -> Double.NaN;
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> Double.NEGATIVE_INFINITY;
            case 3 -> 3e38;
            case 4 -> -3e38;
            case 5 -> 1e-42;
            case 6 -> 0;
            default -> dice.normal();
        };
    }

    private Object attribute(OpDef.AttrDef def) {
        List<AttrValue> allowed = List.of();
        AttrValue.ListValue list = def.getAllowedValues().getList();
        if (dice.chance(0.97) && def.hasAllowedValues() && list.getSCount() > 0) {
            String text = dice.of(list.getSList()).toStringUtf8();
            return def.getType().equals("list(string)") ? new String[] {text} : text;
        }
        return switch (def.getType()) {
            case "int" -> number(def);
            case "float" -> (float) (dice.chance(0.2) ? odd() : dice.chance(0.5) ? dice.unit() : dice.normal());
            case "bool" -> dice.chance(0.5);
            case "string" -> dice.oneOf("", "a", "NHWC", "SAME", "VALID", "linear");
            case "type" -> type(list.getTypeList());
            case "shape" -> Shape.of(shape());
            case "list(int)" -> numbers(def);
            case "list(float)" -> {
                float[] floats = new float[dice.below(5)];
                for (int i = 0; i < floats.length; i++) {
                    floats[i] = (float) dice.normal();
                }
                yield floats;
            }
            case "list(bool)" -> new boolean[] {dice.chance(0.5)};
            case "list(string)" -> new String[] {dice.oneOf("", "a"), "b"};
            case "list(type)" -> {
                DataType[] types = new DataType[dice.below(4)];
                for (int i = 0; i < types.length; i++) {
                    types[i] = type(list.getTypeList());
                }
                yield types;
            }
            case "list(shape)" -> new Shape[] {Shape.of(shape())};
            default -> throw new IllegalStateException(def.getType() + allowed);
        };
    }

    private DataType type(List<DataType> allowed) {
        List<DataType> from = allowed.isEmpty() ? TYPES : allowed;
        List<DataType> usual = USUAL.stream().filter(from::contains).toList();
        return !usual.isEmpty() && dice.chance(0.75) ? dice.of(usual) : dice.of(from);
    }

    private Long number(OpDef.AttrDef def) {
        long low = def.getHasMinimum() && dice.chance(0.9) ? def.getMinimum() : -2;
        return dice.chance(0.1) ? Math.max(low, (long) wild()) : low + dice.below(5);
    }

    private long[] numbers(OpDef.AttrDef def) {
        int length = def.getName().matches(".*(strides|ksize|dilations|rates).*")
                ? dice.of(4, 4, 4, 4, 5, 5, 3, 2)
                : def.getName().contains("padding") ? dice.of(0, 8, 8, 10) : dice.below(5);
        long[] numbers = new long[length];
        for (int i = 0; i < length; i++) {
            boolean outer = length > 3 && (i == 0 || i == length - 1) && dice.chance(0.85);
            numbers[i] = outer ? 1 : dice.chance(0.05) ? (long) wild() : dice.between(1, 3);
        }
        return numbers;
    }

    /** A call that differs in a few things from one that is right. */
    RawCall vary(RawCall call, OpDef def) {
        RawCall varied = call;
        for (int changes = dice.of(0, 1, 1, 1, 2, 2, 3); changes > 0; changes--) {
            varied = change(varied, def);
        }
        return varied;
    }

    private RawCall change(RawCall call, OpDef def) {
        if (call.arguments().isEmpty()) {
            return changedAttribute(call, def);
        }
        int which = dice.below(call.arguments().size());
        RawValue value = call.arguments().get(which);
        return switch (dice.below(12)) {
            case 0, 1 -> resized(call);
            case 2, 3, 4 ->
                value.numbers() == null || value.shape().length == 0 ? call : call.with(which, resized(value));
            case 5 -> call.with(which, value(value.type(), reranked(value.shape())));
            case 6, 7 -> call.with(which, value(value.type(), value.shape()));
            case 8 -> call.with(which, nudged(value));
            case 9 -> retyped(call);
            default -> changedAttribute(call, def);
        };
    }

    private RawValue nudged(RawValue value) {
        if (value.numbers() == null || value.numbers().length == 0) {
            return value;
        }
        double[] numbers = value.numbers().clone();
        numbers[dice.below(numbers.length)] = value.isFloat() ? odd() : wild();
        return value.with(numbers);
    }

    private long[] reranked(long[] shape) {
        if (shape.length > 0 && dice.chance(0.5)) {
            return Arrays.copyOf(shape, dice.chance(0.7) ? shape.length - 1 : 0);
        }
        long[] more = Arrays.copyOf(shape, shape.length + 1);
        more[shape.length] = size();
        return bounded(more);
    }

    private RawValue resized(RawValue value) {
        long[] shape = value.shape().clone();
        int axis = dice.below(shape.length);
        shape[axis] = dice.chance(0.25) ? 0 : dice.chance(0.3) ? 1 : Math.max(0, shape[axis] + dice.between(-1, 2));
        return refilled(value, bounded(shape));
    }

    private RawValue refilled(RawValue value, long[] shape) {
        if (value.numbers() == null || value.numbers().length == 0) {
            return value(value.type(), shape);
        }
        double[] numbers = new double[RawValue.size(shape)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = value.numbers()[i % value.numbers().length] + (value.isFloat() ? 0.01 * (i % 7) : 0);
        }
        return RawValue.of(value.type(), shape, numbers);
    }

    /** A size that several inputs share becomes another one everywhere. */
    private RawCall resized(RawCall call) {
        RawValue some = dice.of(call.arguments());
        if (some.shape().length == 0) {
            return call;
        }
        long before = some.shape()[dice.below(some.shape().length)];
        long after = dice.chance(0.25) ? 0 : dice.between(1, 6);
        List<RawValue> changed = new ArrayList<>();
        for (RawValue value : call.arguments()) {
            long[] shape = value.shape().clone();
            for (int i = 0; i < shape.length; i++) {
                shape[i] = shape[i] == before && value.numbers() != null ? after : shape[i];
            }
            changed.add(Arrays.equals(shape, value.shape()) ? value : refilled(value, bounded(shape)));
        }
        return call.with(changed);
    }

    /** Floats of another width, all of them. */
    private RawCall retyped(RawCall call) {
        DataType type = dice.oneOf(
                DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_HALF, DataType.DT_BFLOAT16, DataType.DT_COMPLEX64);
        return call.with(call.arguments().stream()
                .map(value -> value.isFloat() ? RawValue.of(type, value.shape(), value.numbers()) : value)
                .toList());
    }

    private RawCall changedAttribute(RawCall call, OpDef def) {
        List<OpDef.AttrDef> some = def.getAttrList().stream()
                .filter(attribute -> !isInferred(def, attribute.getName())
                        && !attribute.getType().contains("func")
                        && !attribute.getType().equals("tensor"))
                .toList();
        if (some.isEmpty()) {
            return call;
        }
        OpDef.AttrDef attribute = dice.of(some);
        Object before = call.attributes().get(attribute.getName());
        if (before instanceof long[] numbers && numbers.length > 0 && dice.chance(0.8)) {
            long[] changed = numbers.clone();
            changed[dice.below(changed.length)] = dice.chance(0.15) ? (long) wild() : dice.between(1, 5);
            return call.with(attribute.getName(), changed);
        }
        return call.with(attribute.getName(), attribute(attribute));
    }
}
