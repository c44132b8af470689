package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.tensorflow.ndarray.Shape;

/**
 * Image files with their classes. An example is the name of a file; it is read when it is written.
 *
 * @param shape [height, width, channels]
 */
record ImageSource(List<Labeled> files, Shape shape, Pixels pixels) implements Source {

    record Labeled(Path file, int label) {}

    @FunctionalInterface
    interface Pixels {
        float[] read(Path file, long seed);
    }

    @Override
    public List<Column> columns() {
        return List.of(Column.input(Dtype.FLOAT32, shape), Column.target(Dtype.INT32, Shape.scalar()));
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.of(files.size());
    }

    @Override
    public Cursor open(long seed, int epoch) {
        return new FileCursor(Seeds.mix(Seeds.mix(seed, "augment"), epoch));
    }

    private final class FileCursor implements Cursor {

        private final long seed;
        private int next;

        FileCursor(long seed) {
            this.seed = seed;
        }

        @Override
        public boolean advance() {
            if (next == files.size()) {
                return false;
            }
            next++;
            return true;
        }

        @Override
        public void skip(long count) {
            next += (int) Math.min(count, files.size() - next);
        }

        @Override
        public Example example() {
            int index = next - 1;
            return new FileExample(index, Seeds.mix(seed, index));
        }

        @Override
        public void close() {
            // Each file is closed as soon as it has been read.
        }
    }

    private final class FileExample implements Example {

        private final int index;
        private final long seed;

        FileExample(int index, long seed) {
            this.index = index;
            this.seed = seed;
        }

        @Override
        public void write(int column, Buffer out) {
            Labeled labeled = files.get(index);
            if (column == 0) {
                ((FloatBuffer) out).put(pixels.read(labeled.file(), seed));
            } else {
                ((IntBuffer) out).put(labeled.label());
            }
        }
    }
}
