package io.github.tapeloop.bridge;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Objects;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.ndarray.Shape;

/**
 * Native memory, as far as JavaCPP, which TensorFlow Java allocates with, has a say in it.
 *
 * <p>JavaCPP compares the memory of the whole process with four times the largest Java heap. Beyond that each allocation
 * calls the garbage collector, sleeps, and fails, though nothing waits for the collector here: scopes free what they
 * own. A small heap and a large model are no error, so the comparison is switched off, unless the program asked for one
 * by {@code -Dorg.bytedeco.javacpp.maxPhysicalBytes} or {@code -Dorg.bytedeco.javacpp.maxBytes}.
 */
public final class NativeMemory {

    private static final String PREFIX = "org.bytedeco.javacpp.";
    /** Less than any machine has that a model is trained on. */
    private static final double SMALL = 1L << 28;

    private static final String LIMIT = PREFIX + "maxPhysicalBytes";

    static { // JavaCPP reads it once, when its first class is initialized.
        boolean asked = false;
        for (String property : new String[] {LIMIT, PREFIX + "maxBytes"}) { // JavaCPP knows both spellings.
            asked |= System.getProperty(property) != null
                    || System.getProperty(property.toLowerCase(Locale.ROOT)) != null;
        }
        if (!asked) {
            System.setProperty(LIMIT, "0");
        }
        NativeLibraries.copyAll();
    }

    private NativeMemory() {}

    /**
     * Looks at the size of a variable before it is made. Linux gives a process more memory than there is, and ends it when it
     * writes there.
     *
     * @param name what is to be made, with its own name
     * @param shape its shape, fully known
     * @param bytes what an element takes
     * @throws IllegalArgumentException if it alone is larger than the memory that is free on this machine, in this container, or
     *     below the limit that the program has set by {@code -Dorg.bytedeco.javacpp.maxPhysicalBytes}
     */
    public static void requireRoom(String name, Shape shape, int bytes) {
        double size = bytes;
        for (int i = 0; i < shape.numDimensions(); i++) {
            size *= shape.get(i);
        }
        double free = size > SMALL ? MemoryLeft.bytes() : size;
        if (size > free) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "%s %s would take %.1f GB, and there are %.1f GB of memory left: make the settings that its sizes follow"
                            + " from smaller",
                    name,
                    shape,
                    size / 1e9,
                    Math.max(0, free) / 1e9));
        }
    }

    /** Called before anything else of TensorFlow by whoever may be the first to use it. */
    public static void prepare() {
        // The static initializer has done it.
    }

    /**
     * Some bytes of a tensor's memory, which may be larger than a buffer can be.
     *
     * @param tensor an open tensor of fixed-size elements
     * @param from the first byte
     * @param length how many
     * @return a view, to be used as long as the tensor is open
     */
    public static ByteBuffer slice(RawTensor tensor, long from, int length) {
        Objects.checkFromIndexSize(from, length, tensor.numBytes());
        if (length == 0) { // TensorFlow has no memory for a tensor of no elements.
            return ByteBuffer.allocate(0);
        }
        BytePointer memory = new BytePointer(tensorflow.TF_TensorData(TensorFlowInternals.handle(tensor)));
        // A pointer of its own: JavaCPP counts from the address of one in ints.
        return memory.getPointer(from).capacity(length).asByteBuffer();
    }
}
