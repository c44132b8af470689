package io.github.tapeloop.serving;

import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
import org.tensorflow.types.TFloat32;

/**
 * What is kept of the steps of some series, [series, heads, steps, size]: in native memory, which a graph reads in place. It has room
 * for twice as many steps whenever that ends.
 */
final class KeptSteps implements AutoCloseable {

    private static final int FIRST_ROOM = 64;

    private final int rows;
    private final int size;
    private final Shape shape;
    private final int most;
    private int room;
    private TFloat32 tensor;

    /**
     * @param shape [series, heads, -1, size]
     * @param most how many steps come at most
     */
    KeptSteps(Shape shape, int most) {
        this.rows = Math.toIntExact(Math.multiplyExact(shape.get(0), shape.get(1)));
        this.size = Math.toIntExact(shape.get(3));
        this.shape = shape;
        this.most = most;
        this.room = Math.min(most, FIRST_ROOM);
        this.tensor = zeros(room);
    }

    /** What no step has written to is 0: it counts for nothing, but 0 · NaN would. */
    private TFloat32 zeros(int steps) {
        Shape whole = Shape.of(shape.get(0), shape.get(1), steps, size);
        float[] zeros = new float[steps * size];
        return TFloat32.tensorOf(whole, made -> {
            FloatDataBuffer to = made.asRawTensor().data().asFloats();
            for (int row = 0; row < rows; row++) {
                to.offset((long) row * zeros.length).write(zeros);
            }
        });
    }

    /** What a graph reads. Stays this object's. */
    TFloat32 tensor() {
        return tensor;
    }

    /**
     * Keeps steps.
     *
     * @param at the place of the first
     * @param steps how many count, the first ones of those given
     * @param given [series, heads, steps and perhaps more, size], row-major
     */
    void write(int at, int steps, float[] given) {
        if (at + steps > room) {
            grow(at, at + steps);
        }
        FloatDataBuffer to = tensor.asRawTensor().data().asFloats();
        int each = given.length / rows;
        for (int row = 0; row < rows; row++) {
            to.offset(((long) row * room + at) * size).write(given, row * each, steps * size);
        }
    }

    private void grow(int used, int needed) {
        int larger = (int) Math.min(most, Math.max(needed, 2L * room));
        TFloat32 next = zeros(larger);
        FloatDataBuffer from = tensor.asRawTensor().data().asFloats();
        FloatDataBuffer to = next.asRawTensor().data().asFloats();
        for (int row = 0; row < rows; row++) {
            from.offset((long) row * room * size).copyTo(to.offset((long) row * larger * size), (long) used * size);
        }
        tensor.close();
        tensor = next;
        room = larger;
    }

    @Override
    public void close() {
        tensor.close();
    }
}
