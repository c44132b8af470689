package io.github.tapeloop.data;

import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Feature.KindCase;
import org.tensorflow.proto.FloatList;
import org.tensorflow.proto.Int64List;

/**
 * Fields made of the features of a {@code tf.train.Example}. For what is not here, such as decoding an image, a {@link
 * Field} is made of any function of an {@link Example}, with the help of {@link #bytes}.
 */
public final class TfFeature {

    private TfFeature() {}

    /**
     * A feature of floats.
     *
     * @param name of the feature
     * @param shape how its values are arranged; [-1] if their number differs
     * @return float32 shape per example
     */
    public static Field<Example> floats(String name, Shape shape) {
        return Field.floats(shape, example -> floats(example, name));
    }

    /**
     * A feature of int64 values, kept as they are.
     *
     * @param name of the feature
     * @param shape how its values are arranged; [-1] if their number differs
     * @return int64 shape per example
     */
    public static Field<Example> longIntegers(String name, Shape shape) {
        return Field.longIntegers(shape, example -> longs(example, name));
    }

    /**
     * A feature of int64 values that fit into int32, such as classes.
     *
     * @param name of the feature
     * @param shape how its values are arranged; [-1] if their number differs
     * @return int32 shape per example
     */
    public static Field<Example> integers(String name, Shape shape) {
        return Field.integers(shape, example -> {
            long[] values = longs(example, name);
            int[] integers = new int[values.length];
            for (int i = 0; i < values.length; i++) {
                integers[i] = (int) values[i];
                if (integers[i] != values[i]) {
                    throw new IllegalArgumentException("feature \"" + name + "\" has the value " + values[i]
                            + ", beyond int32; take longIntegers(...)");
                }
            }
            return integers;
        });
    }

    /**
     * Reads a feature of one byte string out of an example.
     *
     * @param example where it is
     * @param name of the feature
     * @return its bytes
     * @throws IllegalArgumentException when there is no such feature, of another kind, or not of one value
     */
    public static byte[] bytes(Example example, String name) {
        Feature feature = require(example, name, KindCase.BYTES_LIST);
        if (feature.getBytesList().getValueCount() != 1) {
            throw new IllegalArgumentException("feature \"" + name + "\" has "
                    + feature.getBytesList().getValueCount() + " byte strings but one was expected");
        }
        return feature.getBytesList().getValue(0).toByteArray();
    }

    private static float[] floats(Example example, String name) {
        FloatList list = require(example, name, KindCase.FLOAT_LIST).getFloatList();
        float[] values = new float[list.getValueCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.getValue(i);
        }
        return values;
    }

    private static long[] longs(Example example, String name) {
        Int64List list = require(example, name, KindCase.INT64_LIST).getInt64List();
        long[] values = new long[list.getValueCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.getValue(i);
        }
        return values;
    }

    private static Feature require(Example example, String name, KindCase kind) {
        Feature feature = example.getFeatures().getFeatureMap().get(name);
        if (feature == null) {
            throw new IllegalArgumentException("there is no feature \"" + name + "\"; the example has "
                    + example.getFeatures().getFeatureMap().keySet().stream()
                            .sorted()
                            .toList());
        }
        if (feature.getKindCase() != kind) {
            throw new IllegalArgumentException(
                    "feature \"" + name + "\" is a " + feature.getKindCase() + " but a " + kind + " was expected");
        }
        return feature;
    }
}
