package io.github.tapeloop.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Predictor;
import io.github.tapeloop.Serving;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** The example of a server, and the same server under load. */
class ServeDigitsTest {

    private static final int CLIENTS = 16;

    private static HttpResponse<String> post(HttpClient client, InetSocketAddress to, String body)
            throws IOException, InterruptedException {
        URI uri = URI.create("http://" + to.getAddress().getHostAddress() + ":" + to.getPort() + "/predict");
        return client.send(
                HttpRequest.newBuilder(uri)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void theServerAnswersWhileItLearnsAndStopsInTheMiddle() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        String black = DoubleStream.generate(() -> 0)
                .limit(784)
                .mapToObj(String::valueOf)
                .collect(Collectors.joining(","));
        InetSocketAddress address;
        try (ServeDigits digits = new ServeDigits(0, Mnist.train().take(2_000), 1_000)) {
            address = digits.address();
            String first = post(client, address, black).body();
            String now = first;
            while (now.equals(first)) { // Until an epoch has ended.
                HttpResponse<String> answer = post(client, address, black);
                assertEquals(200, answer.statusCode(), answer.body());
                assertEquals(10, answer.body().split(",").length, answer.body());
                now = answer.body();
            }
            HttpResponse<String> refused = post(client, address, "1, 2, 3");
            assertEquals(400, refused.statusCode());
            assertTrue(refused.body().contains("[-1, 28, 28]") && refused.body().contains("got 3"), refused.body());
            assertEquals(400, post(client, address, "seven").statusCode());
        }
        assertThrows(IOException.class, () -> post(client, address, black), "nobody listens any more");
    }

    /** All its outputs are the number of the version, which stands in two variables. */
    private static final class Numbered extends Model {
        private final Dense left = layer(zero());
        private final Dense right = layer(zero());
        private final Concatenate both = layer(new Concatenate());

        private static Dense zero() {
            return new Dense(2).kernel(spec -> spec.initializer(Initializer.zeros()));
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return both.call(pass, left.call(pass, x), right.call(pass, x));
        }

        @SuppressWarnings("unchecked") // Weights are float32.
        void set(float number) {
            for (Variable<?> variable : variables()) {
                TapeSession session = variable.session();
                if (variable.name().endsWith("bias")) {
                    try (TensorScope scope = session.scope()) {
                        ((Variable<TFloat32>) variable)
                                .assign(session.tf(), session.tf().constant(new float[] {number, number}));
                    }
                }
            }
        }
    }

    @Test
    void eachOfManyRequestsIsAnsweredByOneVersion() throws Exception {
        serve(400, 4);
    }

    @Test
    @Tag("slow")
    void eachOfAHundredThousandRequestsIsAnsweredByOneVersionAndMemoryIsFlat() throws Exception {
        serve(20_000, 20); // What is made once is made.
        long before = residentKilobytes();
        serve(100_000, 100);
        long grown = residentKilobytes() - before;
        assertTrue(grown < 64 << 10, grown + " KB more");
    }

    private static long residentKilobytes() throws IOException {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
    }

    private static void serve(int requests, int versions) throws Exception {
        Numbered model = new Numbered();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try (Trainer trainer = Trainer.of(model)
                        .loss(new MeanSquaredError())
                        .optimizer(new Sgd(0.1))
                        .build();
                Predictor predictor = trainer.predictor(Serving.of().input(Shape.of(4)));
                ServeDigits.Web web = new ServeDigits.Web(0, predictor::predict)) {
            AtomicInteger left = new AtomicInteger(requests);
            List<Future<Integer>> answered = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                answered.add(clients.submit(() -> ask(web.address(), left, versions)));
            }
            for (int number = 1; number <= versions; number++) {
                while (left.get() > requests - (long) requests * number / (versions + 1)
                        && answered.stream().noneMatch(Future::isDone)) {
                    Thread.sleep(1);
                }
                model.set(number);
                predictor.refresh(trainer);
            }
            int all = 0;
            for (Future<Integer> each : answered) {
                all += each.get();
            }
            assertEquals(requests, all);
        } finally {
            clients.shutdownNow();
        }
    }

    /** Asks again and again; each answer is of one version, and none of an earlier one comes after a later. */
    private static int ask(InetSocketAddress address, AtomicInteger left, int versions)
            throws IOException, InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        double before = 0;
        int answers = 0;
        while (left.decrementAndGet() >= 0) {
            HttpResponse<String> answer = post(client, address, "1, 2, 3, 4");
            assertEquals(200, answer.statusCode(), answer.body());
            double[] numbers = DoubleStream.of(parse(answer.body())).distinct().toArray();
            assertEquals(1, numbers.length, answer.body());
            assertTrue(numbers[0] >= before && numbers[0] <= versions, answer.body() + " after " + before);
            before = numbers[0];
            answers++;
        }
        return answers;
    }

    private static double[] parse(String list) {
        String[] numbers = list.replaceAll("[\\[\\] ]", "").split(",");
        double[] parsed = new double[numbers.length];
        for (int i = 0; i < parsed.length; i++) {
            parsed[i] = Double.parseDouble(numbers[i]);
        }
        return parsed;
    }
}
