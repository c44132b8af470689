package io.github.tapeloop;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.runtime.SessionBuilder;
import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * A measurement that finds out how many threads train a model fastest, by taking a few steps with each of several
 * settings.
 *
 * <pre>{@code
 * ThreadTuning tuning = ThreadTuning.measure(() -> Trainer.of(new Mlp()).loss(loss).optimizer(new Adam()).compiled(), batch);
 * System.out.println(tuning);
 * TapeSession.Threads best = tuning.fastest();
 * }</pre>
 *
 * <p>Settings are one thread or TensorFlow's default for running ops; and the same for the threads inside an op, if the
 * process was started with {@code TF_OVERRIDE_GLOBAL_THREADPOOL=1}: otherwise TensorFlow keeps those of its first session,
 * see {@link SessionBuilder#threads(int, int)}.
 */
public final class ThreadTuning {

    private static final int ROUNDS = 5;
    private static final int WARM_UP_STEPS = 3;
    private static final int MOST_STEPS = 200;

    /** How long a setting is measured in a round: long enough to average out the clock, short enough to wait for. */
    private static final long ROUND_NANOS = 50_000_000;

    private final Map<TapeSession.Threads, Double> stepMicros;

    private ThreadTuning(Map<TapeSession.Threads, Double> stepMicros) {
        this.stepMicros = Collections.unmodifiableMap(stepMicros);
    }

    /**
     * Measures: takes under a minute unless a step takes seconds.
     *
     * @param trainers describes a new trainer each time, with a new model, optimizer and metrics, since those belong to one
     *     session; without threads and session
     * @param batch examples of the size to train with, which stay the caller's
     * @return the medians of several rounds in which the settings took turns
     */
    public static ThreadTuning measure(Supplier<TrainerBuilder> trainers, Batch batch) {
        boolean poolPerSession = "1".equals(System.getenv("TF_OVERRIDE_GLOBAL_THREADPOOL"));
        return measure(trainers, batch, poolPerSession, System::nanoTime);
    }

    static ThreadTuning measure(
            Supplier<TrainerBuilder> trainers, Batch batch, boolean poolPerSession, LongSupplier nanoTime) {
        List<TapeSession.Threads> settings =
                new ArrayList<>(List.of(new TapeSession.Threads(1, 0), new TapeSession.Threads(0, 0)));
        if (poolPerSession) {
            settings.addAll(List.of(new TapeSession.Threads(1, 1), new TapeSession.Threads(0, 1)));
        }
        Map<TapeSession.Threads, Trainer> built = new LinkedHashMap<>();
        Map<TapeSession.Threads, double[]> micros = new LinkedHashMap<>();
        try {
            for (TapeSession.Threads threads : settings) {
                built.put(
                        threads,
                        trainers.get()
                                .threads(threads.interOp(), threads.intraOp())
                                .build());
                micros.put(threads, new double[ROUNDS]);
                for (int i = 0; i < WARM_UP_STEPS; i++) {
                    built.get(threads).trainOnBatch(batch);
                }
            }
            for (int round = 0; round < ROUNDS; round++) {
                for (TapeSession.Threads threads : settings) {
                    micros.get(threads)[round] = stepMicros(built.get(threads), batch, nanoTime);
                }
            }
        } finally {
            built.values().forEach(Trainer::close);
        }
        Map<TapeSession.Threads, Double> medians = new LinkedHashMap<>();
        micros.forEach((threads, rounds) -> {
            Arrays.sort(rounds);
            medians.put(threads, rounds[ROUNDS / 2]);
        });
        return new ThreadTuning(medians);
    }

    private static double stepMicros(Trainer trainer, Batch batch, LongSupplier nanoTime) {
        long start = nanoTime.getAsLong();
        int steps = 0;
        while (steps < MOST_STEPS && nanoTime.getAsLong() - start < ROUND_NANOS || steps == 0) {
            trainer.trainOnBatch(batch);
            steps++;
        }
        return (nanoTime.getAsLong() - start) / 1e3 / steps;
    }

    /**
     * The setting with the smallest median.
     *
     * @return what to give to {@link TrainerBuilder#threads}
     */
    public TapeSession.Threads fastest() {
        return Collections.min(stepMicros.entrySet(), Map.Entry.comparingByValue())
                .getKey();
    }

    /**
     * The median time of a step with each setting, in microseconds.
     *
     * @return an unmodifiable map, in the order measured
     */
    public Map<TapeSession.Threads, Double> stepMicros() {
        return stepMicros;
    }

    /** A line for each setting, the fastest marked. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        TapeSession.Threads fastest = fastest();
        stepMicros.forEach((threads, micros) -> text.append(String.format(
                Locale.ROOT,
                "inter-op %d, intra-op %d: %.1f us a step%s%n",
                threads.interOp(),
                threads.intraOp(),
                micros,
                threads.equals(fastest) ? " (fastest)" : "")));
        return text.toString();
    }
}
