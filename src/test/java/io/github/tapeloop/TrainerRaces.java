package io.github.tapeloop;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.runtime.ChildJava;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Threads that reach for one trainer at once, or close it at any moment: a program, since a crash takes the process with it. */
public final class TrainerRaces {

    private static final int BATCHES = 30;

    /** What runs when it is closed. */
    private enum Call {
        FIT,
        EVALUATE,
        PREDICT;

        Object of(Trainer trainer, Callback callback) {
            return switch (this) {
                case FIT ->
                    trainer.fit(data(), Fit.epochs(1000).validation(data()).callbacks(callback));
                case EVALUATE -> trainer.evaluate(data());
                case PREDICT -> trainer.predict(data());
            };
        }
    }

    private TrainerRaces() {}

    /** The first argument names what to do, the second how often or a seed. */
    public static void main(String[] arguments) throws Exception {
        int number = Integer.parseInt(arguments[1]);
        switch (arguments[0]) {
            case "close" -> close(number);
            case "callback" -> closeInCallbacks(number);
            case "hook" -> closeInHook(number);
            case "use" -> use(number);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static Batches data() {
        return Dataset.of(new float[4 * BATCHES][8], new float[4 * BATCHES][1]).batch(4);
    }

    private static Trainer trainer(int number) {
        TrainerBuilder builder = Trainer.of(Sequential.of(new Dense(32), new BatchNormalization(), new Dense(1)))
                .loss(new MeanSquaredError())
                .optimizer(new Adam(1e-3))
                .threads(1, 1);
        return switch (number % 3) {
            case 0 -> builder.build();
            case 1 -> builder.compiled().build();
            default -> builder.compiled().stepsPerExecution(5).build();
        };
    }

    /** Each trainer is closed by another thread, at any moment of a call. */
    private static void close(int tries) throws Exception {
        Random random = new Random(tries);
        int stopped = 0;
        for (int i = 0; i < tries; i++) {
            Trainer trainer = trainer(i);
            Call call = Call.values()[i / 3 % 3];
            CountDownLatch begun = new CountDownLatch(1);
            Object[] result = new Object[1];
            Thread worker = new Thread(
                    () -> {
                        begun.countDown();
                        try {
                            while (true) {
                                result[0] = call.of(trainer, new Callback() {});
                                if (result[0] instanceof History) {
                                    return;
                                }
                            }
                        } catch (IllegalStateException e) {
                            requireClosed(e);
                        } catch (RuntimeException | Error e) {
                            ChildJava.fail(e);
                        }
                    },
                    "worker");
            worker.start();
            begun.await();
            LockSupport.parkNanos(random.nextInt(60_000_000));
            trainer.close();
            worker.join();
            if (result[0] instanceof History history) {
                requireReason(history);
                stopped++;
            }
        }
        System.out.println("closed " + tries + " times, " + stopped + " histories");
    }

    private static void closeInCallbacks(int tries) {
        Random random = new Random(tries);
        for (int i = 0; i < tries; i++) {
            Trainer trainer = trainer(i);
            int batch = random.nextInt(3 * BATCHES / 2); // In the first epoch or the second.
            AtomicInteger seen = new AtomicInteger();
            boolean inValidation = i % 2 == 1;
            Callback closing = new Callback() {
                @Override
                public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
                    closeAt(!inValidation);
                }

                @Override
                public void onTestBatchEnd(Run run, Event.BatchEnd event) {
                    closeAt(inValidation);
                }

                private void closeAt(boolean here) {
                    if (here && seen.getAndIncrement() == batch) {
                        trainer.close();
                    }
                }
            };
            requireReason((History) Call.FIT.of(trainer, closing));
            if (!trainer.session().isClosed()) {
                ChildJava.fail(new AssertionError("not freed"));
            }
        }
        System.out.println("closed " + tries + " times in callbacks");
    }

    /** The process ends at some moment, and a hook closes the trainer. */
    private static void closeInHook(int seed) {
        Trainer trainer = trainer(seed);
        Call call = Call.values()[seed / 3 % 3];
        CountDownLatch begun = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(trainer::close));
        Thread worker = new Thread(() -> {
            try {
                while (true) {
                    begun.countDown();
                    call.of(trainer, new Callback() {});
                }
            } catch (IllegalStateException e) {
                requireClosed(e);
            } catch (RuntimeException | Error e) {
                ChildJava.fail(e);
            }
        });
        worker.setDaemon(true);
        worker.start();
        try {
            begun.await();
        } catch (InterruptedException e) {
            ChildJava.fail(e);
        }
        LockSupport.parkNanos(new Random(seed).nextInt(100_000_000));
        System.out.println("exits");
        System.exit(7);
    }

    /** Two threads at once: one of them is refused, every time. */
    private static void use(int tries) throws Exception {
        AtomicInteger refused = new AtomicInteger();
        for (int i = 0; i < tries; i++) {
            int before = refused.get();
            try (Trainer trainer = trainer(i)) {
                CyclicBarrier both = new CyclicBarrier(2);
                CountDownLatch one = new CountDownLatch(1);
                Thread[] threads = new Thread[2];
                for (int k = 0; k < 2; k++) {
                    threads[k] = new Thread(() -> reach(trainer, both, one, refused), "racer " + k);
                    threads[k].start();
                }
                for (Thread thread : threads) {
                    thread.join();
                }
            }
            if (refused.get() == before) {
                ChildJava.fail(new AssertionError("try " + i + ": nobody was refused"));
            }
        }
        System.out.println("refused in each of " + tries + " tries");
    }

    private static void reach(Trainer trainer, CyclicBarrier both, CountDownLatch one, AtomicInteger refused) {
        try {
            both.await();
            while (one.getCount() > 0) {
                trainer.predict(data());
            }
        } catch (IllegalStateException e) {
            String message = e.getMessage();
            if (!message.contains("\"racer 0\"") || !message.contains("\"racer 1\"")) {
                ChildJava.fail(e);
            }
            refused.incrementAndGet();
            one.countDown();
        } catch (Exception | Error e) {
            ChildJava.fail(e);
        }
    }

    private static void requireReason(History history) {
        if (!history.stopReason().equals(Optional.of("closed"))) {
            ChildJava.fail(new AssertionError("the reason is " + history.stopReason()));
        }
    }

    private static void requireClosed(IllegalStateException e) {
        if (!e.getMessage().contains("closed")) {
            ChildJava.fail(e);
        }
    }
}
