package io.github.tapeloop.data;

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
 * @param seedToDraw what a part is drawn by: their order is that of the classes, so the last files are no part
 */
record ImageSource(List<Labeled> files, Shape shape, Pixels pixels, long seedToDraw) implements Source {

    record Labeled(Path file, int label) {}

    @FunctionalInterface
    interface Pixels {
        float[] read(Path file);
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
    public boolean isResumable() {
        return true;
    }

    @Override
    public OptionalLong seedOfList() {
        return OptionalLong.of(seedToDraw);
    }

    @Override
    public Cursor open(long seed, int epoch) {
        return new FileCursor();
    }

    private final class FileCursor implements Cursor {

        private int next;

        @Override
        public boolean advance() {
            Interrupts.check();
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
            return new FileExample(next - 1);
        }

        @Override
        public void close() {
            // Each file is closed as soon as it has been read.
        }
    }

    private final class FileExample implements Example {

        private final int index;

        FileExample(int index) {
            this.index = index;
        }

        @Override
        public void write(int column, Buffer out) {
            Labeled labeled = files.get(index);
            if (column == 0) {
                ((FloatBuffer) out).put(pixels.read(labeled.file()));
            } else {
                ((IntBuffer) out).put(labeled.label());
            }
        }
    }
}
