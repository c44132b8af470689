package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Examples with the weights of their classes. */
final class ClassWeightSource implements PassingStage {

    private static final float DEFAULT_WEIGHT = 1f;
    private static final double SUM_TOLERANCE = 1e-2;

    private final Source upstream;
    private final List<Column> columns;
    private final int target;
    private final int[] classes;
    private final float[] weights;

    private ClassWeightSource(Source upstream, int[] classes, float[] weights) {
        this.upstream = upstream;
        this.columns = new ArrayList<>(upstream.columns());
        this.target = Layout.of(columns).inputs().size();
        this.classes = classes;
        this.weights = weights;
        columns.add(Column.sampleWeight());
    }

    static ClassWeightSource of(Source upstream, Map<Integer, ? extends Number> classWeights) {
        Layout layout = Layout.of(upstream.columns());
        if (layout.weighted()) {
            throw new IllegalArgumentException(
                    "the examples have sample weights already; give class weights or sample weights, not both");
        }
        if (layout.targets().size() != 1) {
            throw new IllegalArgumentException(
                    "class weights need one target that says the class, but the targets are " + layout.targets());
        }
        Column target = upstream.columns().get(layout.inputs().size());
        if (target.isOpen() || target.shape().numDimensions() > 1) {
            throw new IllegalArgumentException(
                    "class weights need one class an example, a target [] or [classes], but got " + target
                            + "; give each example its weight with sampleWeight(...)");
        }
        int[] classes =
                classWeights.keySet().stream().mapToInt(key -> key).sorted().toArray();
        float[] weights = new float[classes.length];
        for (int i = 0; i < classes.length; i++) {
            weights[i] = classWeights.get(classes[i]).floatValue();
            if (!(weights[i] >= 0 && weights[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("the weight of class " + classes[i]
                        + " must be a finite float32, 0 or more, but got " + classWeights.get(classes[i]));
            }
        }
        return new ClassWeightSource(upstream, classes, weights);
    }

    @Override
    public Source upstream() {
        return upstream;
    }

    @Override
    public List<Column> columns() {
        return columns;
    }

    @Override
    public ClassWeightSource over(Source other) {
        return new ClassWeightSource(other, classes, weights);
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new WeightCursor(upstream.open(seed, epoch));
    }

    private float weightOf(Example example) throws IOException {
        Column column = columns.get(target);
        int index = Arrays.binarySearch(classes, classOf(column.dtype(), example.toArray(target, column)));
        return index < 0 ? DEFAULT_WEIGHT : weights[index];
    }

    /** An only value is the class, rounded; of a distribution over classes it is the place of the largest. */
    private static int classOf(Dtype dtype, Object values) {
        if (dtype.length(values) == 1) {
            long rounded = Math.round(dtype.at(values, 0));
            if (Double.isNaN(dtype.at(values, 0)) || (int) rounded != rounded) {
                throw new DataException("class weights: the target " + dtype.at(values, 0) + " is no class");
            }
            return (int) rounded;
        }
        int largest = 0;
        double sum = 0;
        boolean shares = true;
        for (int i = 0; i < dtype.length(values); i++) {
            double share = dtype.at(values, i);
            sum += share;
            shares &= share >= 0;
            if (share > dtype.at(values, largest)) {
                largest = i;
            }
        }
        if (!shares || !(Math.abs(sum - 1) < SUM_TOLERANCE)) {
            throw new DataException("class weights: a target of " + dtype.length(values) + " values whose sum is " + sum
                    + " is no distribution over classes, such as a one-hot one; give each example its weight with"
                    + " sampleWeight(...)");
        }
        return largest;
    }

    private final class WeightCursor implements Cursor {

        private final Cursor examples;

        WeightCursor(Cursor examples) {
            this.examples = examples;
        }

        @Override
        public boolean advance() throws IOException {
            return examples.advance();
        }

        @Override
        public long place() {
            return examples.place();
        }

        @Override
        public void skip(long count) throws IOException {
            examples.skip(count);
        }

        @Override
        public Example example() {
            return new Weighted(examples.example());
        }

        @Override
        public void close() throws IOException {
            examples.close();
        }
    }

    private final class Weighted implements Example {

        private final Example example;

        Weighted(Example example) {
            this.example = example;
        }

        @Override
        public void write(int column, Buffer out) throws IOException {
            if (column == columns.size() - 1) {
                ((FloatBuffer) out).put(weightOf(example));
            } else {
                example.write(column, out);
            }
        }

        @Override
        public Object elements(int column) throws IOException {
            return example.elements(column);
        }

        @Override
        public Example toHold() throws IOException {
            return new Weighted(example.toHold());
        }
    }
}
