package io.github.tapeloop.bridge;

import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;

/** Text as TensorFlow has it: UTF-8, whatever the charset of the platform. */
public final class NativeText {

    private NativeText() {}

    /** A copy that ends in a zero byte, which {@link BytePointer#capacity()} counts. */
    public static BytePointer of(String text) {
        return new BytePointer(text, StandardCharsets.UTF_8);
    }

    public static String read(BytePointer text) {
        return text.getString(StandardCharsets.UTF_8);
    }
}
