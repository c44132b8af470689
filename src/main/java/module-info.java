/**
 * Training of neural networks on TensorFlow Java: a gradient tape, layers, optimizers, metrics and {@code Trainer.fit()}.
 *
 * <p>Packages that are not exported are how it is built, and change without notice.
 */
module io.github.tapeloop {
    requires transitive tensorflow;
    requires transitive tensorflow.nativelib;
    requires transitive org.tensorflow.ndarray;
    requires com.google.protobuf;
    requires java.desktop;
    requires org.bytedeco.javacpp;
    requires org.slf4j;
    requires static org.knowm.xchart;

    exports io.github.tapeloop;
    exports io.github.tapeloop.callback;
    exports io.github.tapeloop.checkpoint;
    exports io.github.tapeloop.data;
    exports io.github.tapeloop.layer;
    exports io.github.tapeloop.loss;
    exports io.github.tapeloop.metric;
    exports io.github.tapeloop.optimizer;
    exports io.github.tapeloop.runtime;
    exports io.github.tapeloop.state;
    exports io.github.tapeloop.tape;
    exports io.github.tapeloop.testing;
}
