package io.github.tapeloop.examples;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.runtime.TapeSession;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Trains for many steps and watches the memory of the process, Java's heap aside: what a step makes, it must free. {@code Soak [steps]
 * [warm-up steps]}, 20,000 and 2,000 unless given.
 */
public final class Soak {

    private static final long HEAP_END = 32L << 30;
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-[0-9a-f]+ ");

    private Soak() {}

    public static void main(String[] args) {
        long steps = args.length > 0 ? Long.parseLong(args[0]) : 20_000;
        long warmUp = args.length > 1 ? Long.parseLong(args[1]) : 2_000;
        Batches data = Mnist.train().shuffle(60_000).batch(32).prefetch(4);
        TapeSession session;
        try (Trainer trainer = MnistClassifier.builder(1).build()) {
            session = trainer.session();
            run(trainer, data, warmUp);
            long before = residentKilobytes();
            int handlesBefore = session.liveHandles();
            double loss = run(trainer, data, steps);
            long growth = Math.round((residentKilobytes() - before) / 1024.0);
            System.out.printf("%d steps, last loss %.4f%n", steps, loss);
            System.out.printf("live handles %d before, %d after%n", handlesBefore, session.liveHandles());
            System.out.printf("rss growth %d MB%n", growth);
        }
        System.out.printf("live handles at close %d%n", session.liveHandles());
    }

    private static double run(Trainer trainer, Batches data, long steps) {
        long[] taken = new long[1];
        Callback count = Callback.trainBatchEnd((run, event) -> {
            if (++taken[0] == steps) {
                run.stop("enough steps");
            }
        });
        return trainer.fit(data, Fit.epochs(Integer.MAX_VALUE).callbacks(count)).last("loss");
    }

    /**
     * The resident memory of this process but for Java's heap, which fills and shrinks as the collector likes: the mappings
     * above 32 GiB. Java keeps a heap of usual size below, so that its references fit into 32 bits.
     */
    private static long residentKilobytes() {
        Path mappings = Path.of("/proc/self/smaps");
        if (!Files.exists(mappings)) {
            System.out.println("(resident memory can be read on Linux only: growth is given as 0)");
            return 0;
        }
        System.gc();
        long kilobytes = 0;
        boolean counted = false;
        try {
            for (String line : Files.readAllLines(mappings, StandardCharsets.ISO_8859_1)) {
                Matcher start = MAPPING.matcher(line);
                if (start.lookingAt()) {
                    counted = Long.parseUnsignedLong(start.group(1), 16) >= HEAP_END;
                } else if (counted && line.startsWith("Rss:")) {
                    kilobytes += Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return kilobytes;
    }
}
