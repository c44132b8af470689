package io.github.tapeloop.op;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * The steps of a series that a graph computes when others came before them. Who makes ops for a series [batch, steps, …] asks here,
 * by its {@code Ops}, whether its first step is the first one, and what it has kept of the steps before. Other series of the same
 * graph, which do not depend on the ids of the steps, are computed as a whole.
 */
public final class DecodedSteps implements AutoCloseable {

    /** Where a session has the steps that are being traced. */
    private static final class Place {
        private DecodedSteps now;
    }

    /**
     * What is kept of steps, [batch, heads, steps, size].
     *
     * @param before fed: that of the steps before, and then whatever fills it up
     * @param now that of the steps of this graph
     */
    public record Cache(Operand<TFloat32> before, Operand<TFloat32> now) {}

    private final Place place;
    private final ExecutionEnvironment environment;
    private final GraphOperation ids;
    private final boolean alone;
    private final long steps;
    private final Operand<TInt64> before;
    private final List<Cache> caches = new ArrayList<>();
    private final List<Cache> constants = new ArrayList<>();
    private long mostSteps = Long.MAX_VALUE;
    private int knownIds = Integer.MAX_VALUE;

    private DecodedSteps(Place place, Ops tf, Operand<?> ids, boolean alone, long steps, Operand<TInt64> before) {
        this.place = place;
        this.environment = tf.scope().env();
        this.ids = (GraphOperation) ids.op();
        this.alone = alone;
        this.steps = steps;
        this.before = before;
    }

    /**
     * Has the ops of a trace, until {@link #close}, be those of steps that follow others.
     *
     * @param tf ops of the trace
     * @param ids what the steps are given by, an input of the trace
     * @param alone whether it is the only input of the model
     * @param steps how many it computes
     * @param before how many came before, a scalar
     */
    public static DecodedSteps begin(Ops tf, Operand<?> ids, boolean alone, long steps, Operand<TInt64> before) {
        Place place = place(tf);
        place.now = new DecodedSteps(place, tf, ids, alone, steps, before);
        return place.now;
    }

    private static Place place(Ops tf) {
        return RecordingEnvironment.of(tf).attachment(Place.class, Place::new);
    }

    /** The steps that ops compute; empty where a series is computed as a whole. */
    public static Optional<DecodedSteps> of(Ops tf) {
        ExecutionEnvironment environment = tf.scope().env();
        if (!environment.isGraph() || !(environment instanceof RecordingEnvironment)) {
            return Optional.empty();
        }
        DecodedSteps now = place(tf).now;
        return now == null || now.environment != environment ? Optional.empty() : Optional.of(now);
    }

    /** The steps that an operand is of; empty where it is of a whole series, one that the steps are written by, perhaps. */
    public static Optional<DecodedSteps> of(Ops tf, Operand<?> x) {
        return of(tf).filter(steps -> steps.have(x));
    }

    /** Whether an operand depends on the ids of the steps. */
    public boolean have(Operand<?> x) {
        Graph graph = ids.env();
        return alone
                || graph.subgraphToOps(Set.of(graph.operationOrThrow(x.op().name())))
                        .contains(ids);
    }

    /** How many came before, a scalar. */
    public Operand<TInt64> before() {
        return before;
    }

    /** Where the steps stand in the series, from 0: [steps]. */
    public Operand<TInt64> positions(Ops tf) {
        return tf.math.add(before, tf.range(tf.constant(0L), tf.constant(steps), tf.constant(1L)));
    }

    /**
     * Keeps something of each step.
     *
     * @param now that of these steps, [batch, heads, steps, size], heads and size known
     * @return that of the steps before, [batch, heads, as many and more, size]: finite numbers from {@link #before} on
     */
    public Operand<TFloat32> keep(Ops tf, Operand<TFloat32> now) {
        Shape shape = now.asOutput().shape();
        Shape open = Shape.of(Shape.UNKNOWN_SIZE, shape.get(1), Shape.UNKNOWN_SIZE, shape.get(3));
        Operand<TFloat32> kept = tf.placeholder(TFloat32.class, Placeholder.shape(open));
        caches.add(new Cache(kept, now));
        return kept;
    }

    /**
     * Keeps what is the same for all steps.
     *
     * @param now [batch, heads, of another series, size], known but for the batch
     * @return the same, computed before the first step only
     */
    public Operand<TFloat32> keepConstant(Ops tf, Operand<TFloat32> now) {
        Operand<TFloat32> kept =
                tf.placeholder(TFloat32.class, Placeholder.shape(now.asOutput().shape()));
        constants.add(new Cache(kept, now));
        return kept;
    }

    /** What is the same for all steps, in the order in which the graph computes it. */
    public List<Cache> constants() {
        return Collections.unmodifiableList(constants);
    }

    /** What is kept of each step, in the order in which the graph computes it. */
    public List<Cache> caches() {
        return Collections.unmodifiableList(caches);
    }

    /** Says that a part of the model has no more steps than some. */
    public void takeAtMost(long sequenceLength) {
        mostSteps = Math.min(mostSteps, sequenceLength);
    }

    /** How many steps a series may have. */
    public long mostSteps() {
        return mostSteps;
    }

    /** Says that a part of the model knows no more ids than some, from 0 on. */
    public void takeIds(int number) {
        knownIds = Math.min(knownIds, number);
    }

    /** So many ids, from 0 on, all parts of the model know. */
    public int knownIds() {
        return knownIds;
    }

    @Override
    public void close() {
        place.now = null;
    }
}
