package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.ndarray.Shape;

/** Images changed at random when they are read, in another way in each epoch. Validation and caches see them as they were. */
final class AugmentSource implements PassingStage {

    private final Source upstream;
    private final Augment augment;
    private final int image;
    private final List<Column> columns;

    AugmentSource(Source upstream, Augment augment) {
        this.upstream = upstream;
        this.augment = augment;
        this.columns = new ArrayList<>(upstream.columns());
        this.image = image(columns);
        Column column = columns.get(image);
        columns.set(image, new Column(column.name(), column.role(), column.dtype(), augment.shapeOf(column.shape())));
    }

    private static int image(List<Column> columns) {
        for (int i = 0; i < columns.size(); i++) {
            Column column = columns.get(i);
            boolean isImage = column.role() == Role.INPUT
                    && column.dtype() == Dtype.FLOAT32
                    && column.shape().numDimensions() == 3;
            if (isImage) {
                return i;
            }
        }
        throw new IllegalArgumentException(
                "augment() needs an input that is float32 [height, width, channels], but the columns are " + columns);
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
    public AugmentSource over(Source other) {
        return new AugmentSource(other, augment);
    }

    @Override
    public Halves split(Cut cut) {
        Halves below = upstream.split(cut);
        return new Halves(over(below.first()), over(below.second()).plain());
    }

    @Override
    public Source plain() {
        if (augment.isSteady()) {
            return PassingStage.super.plain();
        }
        Augment steady = augment.steady();
        return steady.isNothing() ? upstream.plain() : new AugmentSource(upstream.plain(), steady);
    }

    @Override
    public Source cached() {
        return augment.isSteady() ? PassingStage.super.cached() : over(upstream.cached());
    }

    private Shape shape() {
        return upstream.columns().get(image).shape();
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        return new AugmentCursor(upstream.open(seed, epoch), Seeds.mix(Seeds.mix(seed, "augment"), epoch));
    }

    private final class AugmentCursor implements Cursor {

        private final Cursor examples;
        private final long seed;
        private long counted;

        AugmentCursor(Cursor examples, long seed) {
            this.examples = examples;
            this.seed = seed;
        }

        @Override
        public boolean advance() throws IOException {
            boolean there = examples.advance();
            counted += there ? 1 : 0;
            return there;
        }

        @Override
        public void skip(long count) throws IOException {
            examples.skip(count);
            counted += count;
        }

        @Override
        public Example example() {
            return new Augmented(examples.example(), Seeds.mix(seed, examples.number(counted - 1)));
        }

        @Override
        public long place() {
            return examples.place();
        }

        @Override
        public void close() throws IOException {
            examples.close();
        }
    }

    private final class Augmented implements Example {

        private final Example example;
        private final long seed;

        Augmented(Example example, long seed) {
            this.example = example;
            this.seed = seed;
        }

        @Override
        public void write(int column, Buffer out) throws IOException {
            if (column == image) {
                float[] pixels =
                        (float[]) example.toArray(column, upstream.columns().get(column));
                ((FloatBuffer) out).put(augment.apply(pixels, shape(), seed));
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
            return new Augmented(example.toHold(), seed);
        }
    }
}
