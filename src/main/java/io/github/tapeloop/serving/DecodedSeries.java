package io.github.tapeloop.serving;

import io.github.tapeloop.lifetime.ClosingActions;
import io.github.tapeloop.serving.ServedGraph.Feed;
import io.github.tapeloop.serving.ServedGraph.Part;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * Series that are written step by step, side by side, by one version of the weights. It belongs to one thread at a time; any thread may
 * close it, and what it keeps is freed when no call runs.
 */
public final class DecodedSeries implements AutoCloseable {

    private enum Use {
        IDLE,
        RUNNING,
        /** Runs, and is to end then. */
        ENDING,
        ENDED
    }

    private final Version version;
    private final Decoded decoded;
    private final int maxSteps;
    private final Runnable onEnd;
    /** Inputs that stay the same, by name. */
    private final Map<String, TType> others;
    /** Computed of those, once. */
    private final List<TFloat32> constants = new ArrayList<>();

    private final List<KeptSteps> kept = new ArrayList<>();
    /** How many series there are; 0 before the first steps. */
    private int series;

    private volatile int steps;
    /** Guarded by this. */
    private Use use = Use.IDLE;

    /**
     * @param version is entered until the end
     * @param others inputs that stay the same, by name, of as many series; they stay the caller's, open until the end
     * @param onEnd is run then, once
     */
    DecodedSeries(Version version, Decoded decoded, int maxSteps, Map<String, TType> others, Runnable onEnd) {
        this.others = others;
        this.version = version;
        this.decoded = decoded;
        this.maxSteps = maxSteps;
        this.onEnd = onEnd;
    }

    /**
     * Goes on. After a failure the series are as long as before.
     *
     * @param ids of the next steps of each series, as many of each
     * @return the scores of what comes after the last of them, of each
     * @throws IllegalArgumentException if there are none, other numbers of steps, more than fit, or another number of series than before
     * @throws IllegalStateException after the end, or while another thread is inside
     */
    public float[][] next(int[][] ids) {
        begin();
        try {
            int count = requireFitting(ids);
            float[][] scores = new float[0][];
            int done = 0;
            while (done < count) {
                int some = Math.min(Decoded.MANY, count - done);
                scores = run(some == 1 ? decoded.one() : decoded.many(), ids, done, some);
                done += some;
            }
            series = ids.length;
            steps += count;
            return scores;
        } finally {
            end();
        }
    }

    private int requireFitting(int[][] ids) {
        if (ids.length == 0 || ids[0].length == 0) {
            throw new IllegalArgumentException(
                    "Expected one step at least of one series at least, got none: a text begins with some token");
        }
        for (int[] row : ids) {
            if (row.length != ids[0].length) {
                throw new IllegalArgumentException("Expected as many steps of each series, got " + ids[0].length
                        + " and " + row.length + ": decode them one by one, or fill the shorter ones up in front where"
                        + " the model masks that");
            }
        }
        if (series > 0 && ids.length != series) {
            throw new IllegalArgumentException("Expected steps of " + series + " series, as before, got " + ids.length
                    + ": begin another decoding");
        }
        others.forEach((name, tensor) -> {
            if (tensor.shape().get(0) != ids.length) {
                throw new IllegalArgumentException(
                        "Expected steps of " + tensor.shape().get(0) + " series, as many as there are of input '" + name
                                + "', got " + ids.length);
            }
        });
        if (ids[0].length > maxSteps - steps) {
            throw new IllegalArgumentException("Expected at most " + maxSteps + " steps, got " + ids[0].length
                    + " after " + steps + ": ask for more by decoding(maxSteps)");
        }
        return ids[0].length;
    }

    /** Computes some steps, at most as many as the part takes, and keeps them. */
    private float[][] run(Part part, int[][] ids, int from, int count) {
        List<TType> own = new ArrayList<>();
        try {
            TType next = decoded.tensor(ids, from, part == decoded.one() ? 1 : Decoded.MANY);
            own.add(next);
            List<TType> fed = new ArrayList<>();
            decoded.limits().kind().keySet().forEach(name -> fed.add(others.getOrDefault(name, next)));
            for (long number : new long[] {steps + from, count - 1}) {
                own.add(TInt64.scalarOf(number));
                fed.add(own.get(own.size() - 1));
            }
            makeRoom(part, ids.length);
            if (part.constants() != null && constants.isEmpty()) {
                version.run(part.constants(), fed).forEach(each -> constants.add(each.toTensor()));
            }
            kept.forEach(each -> fed.add(each.tensor()));
            fed.addAll(constants);
            List<Values> outputs = version.run(part, fed);
            for (int i = 0; i < kept.size(); i++) {
                kept.get(i).write(steps + from, count, outputs.get(i + 1).floats());
            }
            return outputs.get(0).rows();
        } finally {
            own.forEach(TType::close);
        }
    }

    /** For as many series as there are; after a failure of the first call there may be others. */
    private void makeRoom(Part part, int rows) {
        if (!kept.isEmpty() && kept.get(0).tensor().shape().get(0) != rows) {
            free();
        }
        List<Feed> feeds = part.feeds();
        int first = others.size() + 1 + DecodedBody.OWN_INPUTS;
        for (Feed feed :
                feeds.subList(first + kept.size(), first + part.outputs().size() - 1)) {
            Shape shape = feed.spec().shape();
            kept.add(new KeptSteps(Shape.of(rows, shape.get(1), shape.get(2), shape.get(3)), maxSteps));
        }
    }

    private void free() {
        List<KeptSteps> all = List.copyOf(kept);
        kept.clear();
        ClosingActions.each(all, KeptSteps::close);
        constants.forEach(TType::close);
        constants.clear();
    }

    private synchronized void begin() {
        switch (use) {
            case IDLE -> use = Use.RUNNING;
            case RUNNING, ENDING ->
                throw new IllegalStateException(
                        "Another thread is inside of this decoding: each thread needs one of its"
                                + " own, by predictor.decoding(…)");
            default ->
                throw new IllegalStateException("This decoding is closed: begin another one by predictor.decoding(…)");
        }
    }

    private void end() {
        boolean last;
        synchronized (this) {
            last = use == Use.ENDING;
            use = last ? Use.ENDED : Use.IDLE;
        }
        if (last) {
            finish();
        }
    }

    private void finish() {
        try {
            free();
        } finally {
            onEnd.run();
        }
    }

    /** How many steps the series have. */
    public int steps() {
        return steps;
    }

    /** Ends it, now or when the call that runs has ended. Closing twice is allowed. */
    @Override
    public void close() {
        boolean idle;
        synchronized (this) {
            idle = use == Use.IDLE;
            use = idle || use == Use.ENDED ? Use.ENDED : Use.ENDING;
        }
        if (idle) {
            finish();
        }
    }

    /** Says how long the series are. */
    @Override
    public synchronized String toString() {
        boolean isOver = use == Use.ENDING || use == Use.ENDED;
        return steps + " of at most " + maxSteps + " steps" + (isOver ? "; closed" : "");
    }
}
