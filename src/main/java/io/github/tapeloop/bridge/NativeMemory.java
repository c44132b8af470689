package io.github.tapeloop.bridge;

import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Objects;
import org.bytedeco.javacpp.BytePointer;
import org.tensorflow.RawTensor;
import org.tensorflow.internal.c_api.global.tensorflow;

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
    }

    private NativeMemory() {}

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
        return memory.capacity(tensor.numBytes())
                .limit(from + length)
                .position(from)
                .asByteBuffer();
    }
}
