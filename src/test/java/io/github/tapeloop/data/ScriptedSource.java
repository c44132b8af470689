package io.github.tapeloop.data;

import java.io.IOException;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import org.tensorflow.ndarray.Shape;

/** A streaming source of unknown size: input float32 [i], target int64 i; runs a script before each example. */
final class ScriptedSource implements Source {

    @FunctionalInterface
    interface Script {
        void before(int example) throws IOException;
    }

    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    final AtomicInteger read = new AtomicInteger();
    volatile Thread reader;
    volatile int targetsPerExample = 1;
    private final int examples;
    private final Script script;

    ScriptedSource(int examples, Script script) {
        this.examples = examples;
        this.script = script;
    }

    static ScriptedSource of(int examples) {
        return new ScriptedSource(examples, example -> {});
    }

    @Override
    public List<Column> columns() {
        return List.of(Column.input(Dtype.FLOAT32, Shape.of(1)), Column.target(Dtype.INT64, Shape.scalar()));
    }

    @Override
    public OptionalLong size() {
        return OptionalLong.empty();
    }

    @Override
    public Cursor open(long seed, int epoch) {
        opened.incrementAndGet();
        return new ScriptedCursor();
    }

    private final class ScriptedCursor implements Cursor {

        private int next;

        @Override
        public boolean advance() throws IOException {
            reader = Thread.currentThread();
            if (next == examples) {
                return false;
            }
            script.before(next);
            next++;
            read.incrementAndGet();
            return true;
        }

        @Override
        public Example example() {
            int value = next - 1;
            return (column, out) -> write(value, column, out);
        }

        private void write(int value, int column, Buffer out) {
            if (column == 0) {
                ((FloatBuffer) out).put(value);
            } else {
                for (int i = 0; i < targetsPerExample; i++) {
                    ((LongBuffer) out).put(value);
                }
            }
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }
}
