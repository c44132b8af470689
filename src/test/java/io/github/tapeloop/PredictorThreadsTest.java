package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** One predictor, many threads: each answer is that of one version of the weights, also while these are changed and at the end. */
class PredictorThreadsTest {

    private static final int THREADS = 16;

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
    }

    private static Trainer trainer() {
        return Trainer.of(new Numbered())
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0.1))
                .build();
    }

    private static Serving fourFloats() {
        return Serving.of().input(Shape.of(4));
    }

    static Stream<Arguments> options() {
        return Stream.of(
                Arguments.of("one by one", fourFloats()),
                Arguments.of("in batches", fourFloats().microBatches(8, Duration.ofMillis(1))));
    }

    @SuppressWarnings("unchecked") // Weights are float32.
    private static void setVersion(Trainer trainer, float number) {
        TapeSession session = trainer.session();
        try (TensorScope scope = session.scope()) {
            for (Variable<?> variable : trainer.model().variables()) {
                if (variable.name().endsWith("bias")) {
                    ((Variable<TFloat32>) variable)
                            .assign(session.tf(), session.tf().constant(new float[] {number, number}));
                }
            }
        }
    }

    /** The version that answers, which must be one. */
    private static float version(Predictor predictor) {
        float[] answer = predictor.predict(1, 2, 3, 4);
        for (float number : answer) {
            assertEquals(answer[0], number, "two versions in one answer");
        }
        return answer[0];
    }

    private static <R> List<R> inAll(Callable<R> work, Runnable meanwhile) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<R>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                running.add(threads.submit(work));
            }
            meanwhile.run();
            List<R> results = new ArrayList<>();
            for (Future<R> each : running) {
                results.add(each.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void eachAnswerIsThatOfOneVersionAndNoneComesBack(String name, Serving options) throws Exception {
        try (Trainer trainer = trainer();
                Predictor predictor = trainer.predictor(options)) {
            AtomicBoolean last = new AtomicBoolean();
            List<Integer> seen = inAll(
                    () -> {
                        int answers = 0;
                        float before = 0;
                        boolean goesOn = true;
                        while (goesOn) {
                            goesOn = !last.get();
                            float now = version(predictor);
                            assertTrue(now >= before, () -> "an older version came back: " + now);
                            before = now;
                            answers++;
                        }
                        assertEquals(8, before, "the last version is in force once refresh has returned");
                        return answers;
                    },
                    () -> {
                        for (int number = 1; number <= 8; number++) {
                            setVersion(trainer, number);
                            predictor.refresh(trainer);
                        }
                        last.set(true);
                    });
            assertTrue(seen.stream().allMatch(answers -> answers > 0), seen::toString);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void aCloseUnderLoadLetsWhatRunsEndAndRefusesTheRest(String name, Serving options) throws Exception {
        try (Trainer trainer = trainer()) {
            Predictor predictor = trainer.predictor(options);
            setVersion(trainer, 3);
            predictor.refresh(trainer);
            CountDownLatch answered = new CountDownLatch(4 * THREADS);
            List<String> ends = inAll(
                    () -> {
                        while (true) {
                            try {
                                assertEquals(3, version(predictor));
                                answered.countDown();
                            } catch (IllegalStateException e) {
                                return e.getMessage();
                            }
                        }
                    },
                    () -> {
                        try {
                            assertTrue(answered.await(1, TimeUnit.MINUTES), "the calls ended early");
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                        predictor.close();
                    });
            ends.forEach(end -> assertTrue(end.contains("This predictor is closed"), end));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    @Tag("alone")
    void nothingIsLeftOfPredictionsVersionsAndPredictors(String name, Serving options) {
        try (Trainer trainer = trainer()) {
            trainer.predictor(options).close();
            int handles = trainer.session().liveHandles();
            long pointers = 0;
            for (int round = 0; round < 4; round++) {
                Predictor predictor = trainer.predictor(options);
                for (int i = 0; i < 50; i++) {
                    version(predictor);
                }
                setVersion(trainer, round);
                predictor.refresh(trainer);
                version(predictor);
                predictor.close();
                if (round == 0) { // What is made once is made.
                    pointers = Pointer.totalCount();
                }
            }
            assertEquals(pointers, Pointer.totalCount(), "pointers to native memory");
            assertEquals(handles, trainer.session().liveHandles(), "tensors of the session");
        }
    }
}
