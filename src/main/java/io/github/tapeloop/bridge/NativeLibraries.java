package io.github.tapeloop.bridge;

import java.io.IOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;
import org.tensorflow.internal.c_api.global.tensorflow;

/**
 * The native libraries in TensorFlow's jar, which JavaCPP copies into a cache on disk before it loads them.
 *
 * <p>JavaCPP copies and loads them one after the other, {@code tensorflow_cc} first, which itself needs {@code
 * tensorflow_framework}. When several processes start with an empty cache, one of them may load the first while another is
 * still writing the second, and dies of it by SIGBUS. So here all are copied, under the lock that JavaCPP has for each,
 * before any is loaded.
 */
final class NativeLibraries {

    private NativeLibraries() {}

    /** Copies all that is not in the cache yet, and waits for what another process is copying. */
    static void copyAll() {
        ClassProperties properties = Loader.loadProperties(tensorflow.class, Loader.loadProperties(), true);
        List<String> libraries = new ArrayList<>(properties.get("platform.preload"));
        libraries.addAll(properties.get("platform.link"));
        libraries.addAll(properties.get("platform.library"));
        try {
            for (String library : libraries) {
                for (URL url : Loader.findLibrary(tensorflow.class, properties, library)) {
                    if (!url.getProtocol().equals("file")) { // A library of the system's own is where it belongs.
                        Loader.cacheResource(url);
                    }
                }
            }
        } catch (IOException e) {
            // A disk that is full, say. JavaCPP tries again when it loads the library, and throws what it finds.
        }
    }
}
