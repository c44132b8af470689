package io.github.tapeloop.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Compares steps of training in one run: contestants take turns, A B A B, and the median of the ratios of each round
 * counts, since machines change their speed as they run. {@code Benchmarks "mlp32 cnn64"}: workloads in one argument.
 * Sessions have the threads they ask for only where the environment has TF_OVERRIDE_GLOBAL_THREADPOOL=1.
 */
public final class Benchmarks {

    private static final int ROUNDS = Integer.getInteger("rounds", 7);

    private Benchmarks() {}

    public static void main(String[] args) {
        Set<String> chosen = Set.of(args[0].split(" "));
        float[] pixels = Workload.pixels();
        int[] labels = Workload.labels();
        for (Workload workload : Workload.values()) {
            if (chosen.contains(workload.toString())) {
                train(workload, pixels, labels);
            }
        }
        if (chosen.contains("eagerop")) {
            Map<String, Contestant> ops = new LinkedHashMap<>();
            ops.put("eager", new EagerOps.Session());
            ops.put("rawtfe", new EagerOps.Raw());
            Map<String, double[]> figures = run(ops, 50_000);
            print("eagerop", figures, "eager", "rawtfe");
        }
        if (chosen.contains("checkpoints")) {
            checkpoints();
        }
        if (chosen.contains("tape")) {
            tape(Workload.MLP32);
            tape(Workload.CNN64);
        }
    }

    /** What it costs to keep a checkpoint now and then. */
    private static void checkpoints() {
        Map<String, Contestant> contestants = new LinkedHashMap<>();
        contestants.put("none", new Kept(Workload.MLP128, 0));
        contestants.put("every1000", new Kept(Workload.MLP128, 1_000));
        contestants.put("every100", new Kept(Workload.MLP128, 100));
        Map<String, double[]> figures = run(contestants, 2_050);
        print("checkpoints", figures, "every1000", "none");
        print("checkpoints", figures, "every100", "none");
        for (long everySteps : new long[] {0, 1_000, 100}) {
            KeptMemory.print(everySteps);
        }
    }

    private static void tape(Workload workload) {
        Map<String, Contestant> phases = new LinkedHashMap<>();
        phases.put("forward", new EagerTape(workload, EagerTape.Phase.FORWARD));
        phases.put("taped", new EagerTape(workload, EagerTape.Phase.TAPED));
        phases.put("backward", new EagerTape(workload, EagerTape.Phase.BACKWARD));
        Map<String, double[]> figures = run(phases, workload.steps);
        print(workload.toString(), figures, "backward", "forward");
        print(workload.toString(), figures, "taped", "forward");
    }

    private static void train(Workload workload, float[] pixels, int[] labels) {
        Map<String, Contestant> contestants = new LinkedHashMap<>();
        contestants.put("step", new Ours(workload, Ours.Mode.STEP));
        contestants.put("auto", new Ours(workload, Ours.Mode.AUTO));
        if (workload == Workload.MLP32) {
            contestants.put("eager", new Ours(workload, Ours.Mode.EAGER));
            contestants.put("full", new Ours(workload, Ours.Mode.FULL));
        }
        contestants.put("session1", new HandWritten(workload, pixels, labels, 1));
        contestants.put("session0", new HandWritten(workload, pixels, labels, 0));
        contestants.put("djl1", new Djl(workload, pixels, labels, 1));
        contestants.put(
                "djl2", new Djl(workload, pixels, labels, Runtime.getRuntime().availableProcessors()));
        Map<String, double[]> figures = run(contestants, workload.steps);
        // Peers count with the better of two thread settings each.
        figures.put("session", better(figures.get("session1"), figures.get("session0")));
        figures.put("djl", better(figures.get("djl1"), figures.get("djl2")));
        for (String ours : List.of("step", "auto", "eager", "full")) {
            for (String peer : List.of("session", "djl")) {
                print(workload.toString(), figures, ours, peer);
            }
        }
        print(workload.toString(), figures, "full", "auto");
    }

    private static Map<String, double[]> run(Map<String, Contestant> contestants, int steps) {
        Map<String, double[]> figures = new LinkedHashMap<>();
        try {
            contestants.forEach((name, contestant) -> {
                contestant.microsPerStep(steps);
                contestant.microsPerStep(steps);
                figures.put(name, new double[ROUNDS]);
            });
            for (int round = 0; round < ROUNDS; round++) {
                for (Map.Entry<String, Contestant> entry : contestants.entrySet()) {
                    figures.get(entry.getKey())[round] = entry.getValue().microsPerStep(steps);
                }
            }
        } finally {
            contestants.values().forEach(Contestant::close);
        }
        return figures;
    }

    private static void print(String workload, Map<String, double[]> figures, String ours, String peer) {
        if (!figures.containsKey(ours) || !figures.containsKey(peer)) {
            return;
        }
        double[] ratios = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            ratios[i] = figures.get(ours)[i] / figures.get(peer)[i];
        }
        System.out.printf(
                "ratio %s %s/%s %.3f   (%.1f us, %.1f us)%n",
                workload, ours, peer, median(ratios), median(figures.get(ours)), median(figures.get(peer)));
    }

    private static double[] better(double[] a, double[] b) {
        return median(a) <= median(b) ? a : b;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
