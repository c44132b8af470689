package io.github.tapeloop.data;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;
import org.tensorflow.proto.BytesList;
import org.tensorflow.proto.Example;
import org.tensorflow.proto.Feature;
import org.tensorflow.proto.Features;
import org.tensorflow.proto.FloatList;
import org.tensorflow.proto.Int64List;

/**
 * A maker of {@code tf.train.Example}s: features by name, each a list of floats, of int64 or of byte strings. Used
 * by one thread.
 *
 * <pre>{@code
 * writer.write(new TfExample().floats("x", 1, 2).longs("y", 3).build());
 * }</pre>
 */
public final class TfExample {

    private final Features.Builder features = Features.newBuilder();

    /** Makes an example without features yet. */
    public TfExample() {}

    /**
     * Sets a feature to floats.
     *
     * @param name of the feature
     * @param values its values
     * @return this
     */
    public TfExample floats(String name, float... values) {
        FloatList.Builder list = FloatList.newBuilder();
        for (float value : values) {
            list.addValue(value);
        }
        return feature(name, Feature.newBuilder().setFloatList(list));
    }

    /**
     * Sets a feature to integers.
     *
     * @param name of the feature
     * @param values its values
     * @return this
     */
    public TfExample longs(String name, long... values) {
        Int64List.Builder list = Int64List.newBuilder();
        for (long value : values) {
            list.addValue(value);
        }
        return feature(name, Feature.newBuilder().setInt64List(list));
    }

    /**
     * Sets a feature to byte strings, such as an encoded image.
     *
     * @param name of the feature
     * @param values its values
     * @return this
     */
    public TfExample bytes(String name, byte[]... values) {
        BytesList.Builder list = BytesList.newBuilder();
        for (byte[] value : values) {
            list.addValue(ByteString.copyFrom(value));
        }
        return feature(name, Feature.newBuilder().setBytesList(list));
    }

    /**
     * Sets a feature to a text in UTF-8.
     *
     * @param name of the feature
     * @param value its value
     * @return this
     */
    public TfExample text(String name, String value) {
        return bytes(name, value.getBytes(StandardCharsets.UTF_8));
    }

    private TfExample feature(String name, Feature.Builder feature) {
        features.putFeature(name, feature.build());
        return this;
    }

    /**
     * Returns the example with the features set so far.
     *
     * @return a message of TensorFlow Java's own class
     */
    public Example build() {
        return Example.newBuilder().setFeatures(features).build();
    }

    /** Names the features. */
    @Override
    public String toString() {
        return "TfExample" + new TreeSet<>(features.getFeatureMap().keySet());
    }
}
