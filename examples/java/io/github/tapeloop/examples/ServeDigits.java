package io.github.tapeloop.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.tapeloop.Fit;
import io.github.tapeloop.FitHandle;
import io.github.tapeloop.Predictor;
import io.github.tapeloop.Serving;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Dataset;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.tensorflow.ndarray.Shape;

/**
 * Reads digits over HTTP while it learns to: trains in the background, serves with the weights of the epoch before, takes over new
 * ones after each epoch, and stops cleanly.
 *
 * <p>{@code POST /predict} with 784 numbers from 0 to 1, separated by commas, is answered by the ten scores. Numbers that do
 * not fit are the client's error, 400, with the reason.
 */
public final class ServeDigits implements AutoCloseable {

    private static final int THREADS = 16;

    private final Trainer trainer;
    private final Predictor predictor;
    private final FitHandle run;
    private final Web web;

    /**
     * Begins to train and to serve.
     *
     * @param port where to listen on this machine, 0 for any free one
     * @param train what to learn from
     * @param epochs how often
     */
    ServeDigits(int port, Dataset train, int epochs) throws IOException {
        trainer = MnistClassifier.builder(42).compiled().build();
        predictor = trainer.predictor(Serving.of().input(Shape.of(28, 28)));
        try {
            web = new Web(port, predictor::predict);
        } catch (IOException | RuntimeException e) { // The port is taken, for example.
            try (trainer;
                    predictor) {
                throw e;
            }
        }
        Callback refresh = Callback.epochEnd((running, epoch) -> predictor.refresh(trainer));
        run = trainer.fitAsync(
                train.shuffle(60_000).batch(32), Fit.epochs(epochs).callbacks(refresh));
    }

    public static void main(String[] args) throws IOException {
        try (ServeDigits digits = new ServeDigits(8080, Mnist.train(), 5)) {
            System.out.println("POST 784 numbers to http://localhost:8080/predict; Enter ends it");
            System.in.read();
            System.out.println(digits.run().progress());
        }
    }

    /** The training in the background. */
    FitHandle run() {
        return run;
    }

    /** Where to ask. */
    InetSocketAddress address() {
        return web.address();
    }

    /** Stops: no request is taken any more, those that were are answered, the epoch in the background is broken off. */
    @Override
    public void close() {
        try (trainer;
                predictor;
                run;
                web) {
            // All end, from last to first: the run may be about to refresh the predictor.
        }
    }

    /** The JDK's HTTP server around a function of floats. */
    static final class Web implements AutoCloseable {

        private static final int SECONDS = 10;

        static { // Otherwise the JDK's server holds the body back until the client has acknowledged the head, some 40
            // ms.
            System.setProperty("sun.net.httpserver.nodelay", "true");
        }

        private final Function<float[], float[]> predict;
        private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        private final HttpServer server;

        /** @param predict is called by many threads at a time */
        Web(int port, Function<float[], float[]> predict) throws IOException {
            this.predict = predict;
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext("/predict", this::answer);
            server.setExecutor(threads);
            server.start();
        }

        InetSocketAddress address() {
            return server.getAddress();
        }

        private void answer(HttpExchange exchange) throws IOException {
            try (exchange) {
                String asked = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                try {
                    send(exchange, 200, Arrays.toString(predict.apply(floats(asked))));
                } catch (IllegalArgumentException e) { // What was asked does not fit.
                    send(exchange, 400, String.valueOf(e.getMessage()));
                }
            }
        }

        private static float[] floats(String text) {
            String[] numbers = text.strip().split("\\s*,\\s*");
            float[] floats = new float[numbers.length];
            for (int i = 0; i < floats.length; i++) {
                floats[i] = Float.parseFloat(numbers[i]);
            }
            return floats;
        }

        private static void send(HttpExchange exchange, int status, String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }

        /** Takes no request any more and waits for those that were taken. */
        @Override
        public void close() {
            server.stop(1); // Seconds, for what is under way.
            threads.shutdown();
            try {
                if (!threads.awaitTermination(SECONDS, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("Requests still run after " + SECONDS + " seconds");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
