package io.github.tapeloop;

import io.github.tapeloop.FitHandle.State;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.runtime.ChildJava;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Threads and callbacks that reach for one handle at any moment: a program, since a crash takes the process with it. */
public final class FitHandleRaces {

    private static final Batches DATA = Problems.batches(64, 4);
    private static final Batches OTHER = Problems.batches(9, 4);
    private static final Mode[] MODES = {Mode.CACHED, Mode.COMPILED, Mode.LOOP};

    private FitHandleRaces() {}

    /** The first argument names what to do, the second how often. */
    public static void main(String[] arguments) throws Exception {
        int tries = Integer.parseInt(arguments[1]);
        switch (arguments[0]) {
            case "threads" -> threads(tries);
            case "callbacks" -> callbacks(tries);
            case "numbers" -> numbers(tries);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static Trainer trainer(int number) {
        return MODES[number % MODES.length]
                .of(Problems.trainerOf(Problems.network()))
                .threads(1, 1)
                .seed(5)
                .build();
    }

    /** Two threads do what they like with a handle until one of them has ended the run. */
    private static void threads(int tries) throws Exception {
        Map<String, Integer> reasons = new HashMap<>();
        for (int i = 0; i < tries; i++) {
            Trainer trainer = trainer(i);
            FitHandle run = trainer.fitAsync(DATA, Fit.epochs(100_000).validation(OTHER));
            run.events().subscribe(new Slow());
            List<Thread> threads = new ArrayList<>();
            for (int k = 0; k < 2; k++) {
                Random random = new Random(2L * i + k);
                Thread thread = new Thread(() -> play(trainer, run, random), "player " + k);
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            History history = soon(run.history());
            reasons.merge(history.stopReason().orElse("none"), 1, Integer::sum);
            if (run.progress().state() != State.ENDED || soon(run.pause()).state() != State.ENDED) {
                throw new AssertionError(run.progress().toString());
            }
            if (!trainer.session().isClosed()) {
                trainer.predict(OTHER);
            }
            trainer.close();
        }
        System.out.println("ended " + tries + " times, " + reasons);
    }

    private static void play(Trainer trainer, FitHandle run, Random random) {
        try {
            for (int i = 0; i < 200; i++) {
                LockSupport.parkNanos(random.nextInt(3_000_000));
                switch (random.nextInt(i < 8 ? 6 : 9)) {
                    case 0 -> soon(run.pause());
                    case 1 -> run.pause();
                    case 2 -> run.resume();
                    case 3 -> run.progress();
                    case 4, 5 -> predict(trainer);
                    case 6 -> run.stop("stopped");
                    case 7 -> run.close();
                    default -> trainer.close();
                }
                if (run.history().isDone()) {
                    return;
                }
            }
            run.close();
        } catch (Exception | Error e) {
            ChildJava.fail(e);
        }
    }

    /** A prediction is made, or refused since the run goes on, another thread predicts, or the trainer is closed. */
    private static void predict(Trainer trainer) {
        try {
            trainer.predict(OTHER);
        } catch (IllegalStateException e) {
            if (!e.getMessage().contains("in use") && !e.getMessage().contains("closed")) {
                ChildJava.fail(e);
            }
        }
    }

    /** The end of a run whose callback asks for something at a random batch. */
    private static void callbacks(int tries) throws Exception {
        for (int i = 0; i < tries; i++) {
            Random random = new Random(i);
            int batch = random.nextInt(60);
            int what = i / MODES.length % 4;
            CompletableFuture<FitHandle> own = new CompletableFuture<>();
            Trainer trainer = trainer(i);
            int[] seen = new int[1];
            Callback asking = new Callback() {
                @Override
                public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
                    ask();
                }

                @Override
                public void onTestBatchEnd(Run run, Event.BatchEnd event) {
                    ask();
                }

                private void ask() {
                    if (seen[0]++ != batch) {
                        return;
                    }
                    switch (what) {
                        case 0 -> own.join().pause();
                        case 1 -> own.join().stop("from inside");
                        case 2 -> own.join().close();
                        default -> trainer.close();
                    }
                }
            };
            FitHandle run =
                    trainer.fitAsync(DATA, Fit.epochs(100_000).validation(OTHER).callbacks(asking));
            own.complete(run);
            if (what == 0) {
                while (run.progress().state() != State.PAUSED) {
                    LockSupport.parkNanos(100_000);
                }
                trainer.predict(OTHER);
                run.close();
            }
            String reason = soon(run.history()).stopReason().orElseThrow();
            if (!reason.equals(what == 1 ? "from inside" : "closed")) {
                throw new AssertionError(reason);
            }
            trainer.close();
            if (!trainer.session().isClosed()) {
                throw new AssertionError("not freed");
            }
        }
        System.out.println("asked " + tries + " times");
    }

    /** Pauses and predictions at random moments change no bit, and leave nothing. */
    private static void numbers(int tries) throws Exception {
        List<Map<String, Object>> expected = new ArrayList<>();
        List<Integer> live = new ArrayList<>();
        Fit fit = Fit.epochs(4).validation(OTHER);
        for (int i = 0; i < MODES.length; i++) {
            try (Trainer trainer = trainer(i)) {
                trainer.fit(DATA, fit);
                trainer.predict(OTHER);
                trainer.evaluate(OTHER);
                expected.add(Everything.of(trainer));
                live.add(trainer.session().liveHandles());
            }
        }
        int pauses = 0;
        for (int i = 0; i < tries; i++) {
            Random random = new Random(i);
            try (Trainer trainer = trainer(i);
                    FitHandle run = trainer.fitAsync(DATA, fit)) {
                while (soon(run.pause()).state() == State.PAUSED) {
                    trainer.predict(OTHER);
                    trainer.evaluate(OTHER);
                    pauses++;
                    run.resume();
                    LockSupport.parkNanos(random.nextInt(10_000_000));
                }
                soon(run.history());
                trainer.predict(OTHER);
                trainer.evaluate(OTHER);
                Map<String, Object> actual = Everything.of(trainer);
                if (!actual.equals(expected.get(i % MODES.length))) {
                    throw new AssertionError(
                            "try " + i + ": " + actual + " instead of " + expected.get(i % MODES.length));
                }
                int handles = trainer.session().liveHandles();
                if (handles != live.get(i % MODES.length)) {
                    throw new AssertionError(
                            "try " + i + ": " + handles + " handles, without pauses " + live.get(i % MODES.length));
                }
            }
        }
        System.out.println("equal " + tries + " times with " + pauses + " pauses");
    }

    private static <T> T soon(CompletableFuture<T> future) throws ExecutionException, InterruptedException {
        try {
            return future.get(Duration.ofMinutes(1).toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            Thread.getAllStackTraces().forEach((thread, stack) -> {
                System.out.println(thread);
                for (StackTraceElement frame : stack) {
                    System.out.println("  " + frame);
                }
            });
            throw new AssertionError("a deadlock", e);
        }
    }

    /** Takes one event, and no more. */
    private static final class Slow implements Flow.Subscriber<Event> {
        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(1);
        }

        @Override
        public void onNext(Event event) {}

        @Override
        public void onError(Throwable thrown) {}

        @Override
        public void onComplete() {}
    }
}
