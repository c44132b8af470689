package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.ChildJava;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A trainer between threads: calls in turn, calls at once, and its end at any moment. */
class TrainerThreadsTest {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    @Test
    void callsInTurnFromEightThreadsGiveTheAnswersOfOne() throws Exception {
        Batches data = Problems.batches(40, 8);
        List<Map<String, Double>> expected = new ArrayList<>();
        try (Trainer trainer = Problems.trainer()) {
            for (int i = 0; i < 8; i++) {
                trainer.fit(data, Fit.epochs(1));
                expected.add(trainer.evaluate(data));
            }
        }
        List<Map<String, Double>> seen = new ArrayList<>();
        try (Trainer trainer = Problems.trainer()) {
            for (int i = 0; i < 8; i++) {
                ExecutorService one = Executors.newSingleThreadExecutor();
                seen.add(one.submit(() -> {
                            trainer.fit(data, Fit.epochs(1));
                            return trainer.evaluate(data);
                        })
                        .get());
                one.shutdown();
            }
        }
        assertEquals(expected, seen);
    }

    @Test
    void aCallbackThatClosesTheTrainerEndsTheRunAndFreesWhenItReturns() {
        Trainer trainer = Problems.trainer();
        boolean[] freed = {true};
        Callback closing = Callback.trainBatchEnd((run, event) -> {
            trainer.close();
            freed[0] = trainer.session().isClosed();
        });
        History history = trainer.fit(Problems.batches(40, 8), Fit.epochs(5).callbacks(closing));
        assertEquals(Optional.of("closed"), history.stopReason());
        assertEquals(1, history.epochs().get(0).steps());
        assertFalse(freed[0], "while the call is running");
        assertTrue(trainer.session().isClosed());
        IllegalStateException closed =
                assertThrows(IllegalStateException.class, () -> trainer.evaluate(Problems.batches(8, 8)));
        assertTrue(closed.getMessage().contains("closed"), closed.getMessage());
        trainer.close();
    }

    @Test
    void aCloseThatWaitsTooLongSaysForWhom() throws Exception {
        Trainer trainer = Problems.trainer();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        Callback holding = Callback.trainBatchEnd((run, event) -> {
            inside.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        Thread worker = new Thread(
                () -> {
                    try {
                        trainer.fit(Problems.batches(40, 8), Fit.epochs(5).callbacks(holding));
                    } catch (RuntimeException e) { // The next op is refused.
                        assertTrue(String.valueOf(e).contains("closed"), String.valueOf(e));
                    }
                },
                "holder");
        worker.start();
        inside.await();
        IllegalStateException late =
                assertThrows(IllegalStateException.class, () -> trainer.close(Duration.ofMillis(50)));
        assertTrue(late.getMessage().contains("\"holder\""), late.getMessage());
        goOn.countDown();
        worker.join();
        assertTrue(trainer.session().isClosed());
    }

    @Test
    void anInterruptIsHeardWhileAPrefetchedSourceBlocks() throws Exception {
        BlockingQueue<Float> queue = new LinkedBlockingQueue<>(List.of(1f, 2f, 3f, 4f));
        Dataset data = Dataset.ofStream(
                () -> Stream.generate(() -> {
                    try {
                        return queue.take();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }),
                new Fields<Float>().input(Field.numbers(f -> f)).target(Field.numbers(f -> f)));
        History[] history = new History[1];
        boolean[] flag = new boolean[1];
        Thread thread = new Thread(() -> {
            try (Trainer trainer = Trainer.of(Sequential.of(new Dense(1)))
                    .loss(new MeanSquaredError())
                    .optimizer(new Sgd(0.1))
                    .build()) {
                Thread self = Thread.currentThread();
                history[0] = trainer.fit(
                        data.batch(2).prefetch(1), Fit.epochs(1).callbacks(Callback.trainBatchEnd((run, event) -> {
                            if (event.batch() == 1) { // The next batch never comes.
                                new Thread(self::interrupt).start();
                            }
                        })));
                flag[0] = Thread.interrupted();
            }
        });
        assertTimeoutPreemptively(Duration.ofMinutes(5), () -> {
            thread.start();
            thread.join();
        });
        assertEquals(Optional.of("interrupted"), history[0].stopReason());
        assertTrue(flag[0], "the flag stays set");
    }

    @Test
    @Tag("process")
    void twoThreadsAtOnceAreRefusedByName() throws Exception {
        races("use", 25, "refused in each of 25 tries");
    }

    @Test
    @Tag("process")
    void anotherThreadClosesAtAnyMoment() throws Exception {
        races("close", 36, "closed 36 times");
    }

    @Test
    @Tag("process")
    void aCallbackClosesAtAnyMoment() throws Exception {
        races("callback", 24, "closed 24 times in callbacks");
    }

    @Test
    @Tag("process")
    void aShutdownHookClosesAtAnyMoment() throws Exception {
        hooks(0, 5);
    }

    @Test
    @Tag("process")
    @Tag("slow")
    void twoHundredClosesAtAnyMomentLeaveTheProcessAlive() throws Exception {
        races("use", 100, "refused in each of 100 tries");
        races("close", 90, "closed 90 times");
        races("callback", 60, "closed 60 times in callbacks");
        hooks(5, 59);
    }

    private static void races(String what, int tries, String said) throws Exception {
        ChildJava.requireSaid(said, LIMIT, ChildJava.OPTIMIZED, TrainerRaces.class, what, String.valueOf(tries));
    }

    private static void hooks(int from, int to) throws Exception {
        for (int seed = from; seed < to; seed++) {
            ChildJava.Result result = ChildJava.run(LIMIT, List.of(), TrainerRaces.class, "hook", String.valueOf(seed));
            assertEquals(7, result.exit(), result.output());
            assertTrue(result.output().contains("exits"), result.output());
        }
    }
}
