package io.github.tapeloop.runtime;

import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;

/** Text as TensorFlow has it: UTF-8, whatever the charset of the platform. */
final class NativeText {

    private NativeText() {}

    /** A copy that ends in a zero byte, which {@link BytePointer#capacity()} counts. */
    static BytePointer of(String text) {
        return new BytePointer(text, StandardCharsets.UTF_8);
    }

    static String read(BytePointer text) {
        return text.getString(StandardCharsets.UTF_8);
    }
}
