package io.github.tapeloop.serving;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.tensorflow.Tensor;
import org.tensorflow.types.family.TType;

/**
 * A model that is served: a graph and the version of its weights that is in force. Calls of any number of threads run side by side
 * and wait for nobody; each is answered by the version that was in force when it began.
 */
public final class Served {

    private final ServedGraph graph;
    private final Optional<MicroBatches> batches;
    /** Null once it is closed. */
    private final AtomicReference<Version> current;
    /** Versions that calls may still be running on. */
    private final Set<Version> old = ConcurrentHashMap.newKeySet();

    /** Series that are being written. */
    private final Set<DecodedSeries> written = ConcurrentHashMap.newKeySet();

    /** Who needs the graph: the versions that are not freed, and this until its end. */
    private final AtomicInteger users = new AtomicInteger(1);

    /**
     * Begins to serve.
     *
     * @param graph what to run, closed with this
     * @param weights the first version; they stay the caller's
     * @param batches runs calls together, if they are to be
     */
    public Served(ServedGraph graph, Weights weights, Optional<MicroBatches> batches) {
        this.graph = graph;
        this.batches = batches;
        this.current = new AtomicReference<>(version(weights));
    }

    private Version version(Weights weights) {
        Version made = new Version(graph, weights, this::letGraphGo);
        users.incrementAndGet();
        return made;
    }

    private void letGraphGo() {
        if (users.decrementAndGet() == 0) {
            graph.close();
        }
    }

    /** What is run. */
    public ServedGraph graph() {
        return graph;
    }

    /**
     * Predicts, on the thread that calls, or on that of another call that it is run with.
     *
     * @param inputs of a kind that the graph takes; they stay the caller's
     * @return the outputs in the order of {@link ServedGraph#outputs}
     * @throws IllegalStateException after the end
     */
    public List<Values> predict(Examples.Given inputs) {
        return batches.isPresent() ? batches.get().predict(this, inputs) : predictAlone(inputs);
    }

    List<Values> predictAlone(Examples.Given inputs) {
        Version version = enter();
        try {
            return version.run(inputs.kind(), inputs.tensors());
        } finally {
            version.leave();
        }
    }

    /** Begins a call on the version in force; {@link Version#leave} ends it. */
    Version enter() {
        while (true) {
            Version version = requireOpen(current.get());
            if (version.enter()) {
                return version;
            }
        }
    }

    /**
     * Begins to write series step by step, by the version in force, which stays so for them whatever comes.
     *
     * @param maxSteps how long they become at most
     * @param others inputs that stay the same, by name; they stay the caller's and are copied
     * @return to be closed by the caller; ends with this
     * @throws IllegalArgumentException if the model has no so many steps, or other inputs
     * @throws IllegalStateException after the end, or if the graph has no parts for that
     */
    public DecodedSeries decode(int maxSteps, Map<String, TType> others) {
        Decoded decoded = graph.decoded()
                .orElseThrow(
                        () -> new IllegalStateException("This predictor predicts for whole series only: make one that"
                                + " decodes by trainer.predictor(Serving.of().decoding())"));
        decoded.requireFitting(maxSteps, others);
        Version version = enter();
        Map<String, TType> copies = new HashMap<>();
        AtomicReference<DecodedSeries> made = new AtomicReference<>();
        try {
            others.forEach((name, tensor) -> copies.put(name, copyOf(tensor)));
        } catch (RuntimeException | Error e) {
            copies.values().forEach(TType::close);
            version.leave();
            throw e;
        }
        made.set(new DecodedSeries(version, decoded, maxSteps, copies, () -> {
            written.remove(made.get());
            copies.values().forEach(TType::close);
            version.leave();
        }));
        written.add(made.get());
        if (isClosed()) { // Who has closed this may not have seen it.
            made.get().close();
        }
        return made.get();
    }

    private static TType copyOf(TType tensor) {
        return Tensor.of(tensor.type(), tensor.shape(), copy -> tensor.asRawTensor()
                .data()
                .copyTo(copy.asRawTensor().data(), tensor.numBytes()));
    }

    boolean isInForce(Version version) {
        return current.get() == version;
    }

    private static Version requireOpen(Version version) {
        if (version == null) {
            throw new IllegalStateException("This predictor is closed: make a new one by trainer.predictor()");
        }
        return version;
    }

    /**
     * Puts another version in force: calls that begin from now on are answered by it.
     *
     * @param weights its values, which stay the caller's
     * @throws IllegalStateException after the end
     */
    public synchronized void refresh(Weights weights) {
        requireOpen(current.get());
        Version next = version(weights);
        old.removeIf(Version::isFreed);
        Version before = current.getAndSet(next);
        old.add(before);
        before.retire();
    }

    public boolean isClosed() {
        return current.get() == null;
    }

    /**
     * Lets no call begin any more, ends the series that are being written, waits for calls that run, and frees all.
     *
     * @param bound how long to wait at most. What still runs then is freed by its thread when it ends
     * @throws IllegalStateException if calls still run, or the thread was interrupted
     */
    public synchronized void close(Duration bound) {
        Version last = current.getAndSet(null);
        if (last != null) {
            old.add(last);
            last.retire();
            letGraphGo();
        }
        written.forEach(DecodedSeries::close);
        long end = System.nanoTime() + bound.toNanos();
        for (Version version : old) {
            awaitEnd(version, end - System.nanoTime(), bound);
        }
        old.clear();
    }

    private static void awaitEnd(Version version, long nanos, Duration bound) {
        try {
            if (!version.await(nanos)) {
                throw new IllegalStateException("Expected the calls of this predictor to end within " + bound + ", but "
                        + version.users() + " still run. No other begins; close it again to wait for them");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(
                    "This thread was interrupted while it waited for the calls of a predictor to end. No other begins; close it"
                            + " again to wait for them",
                    e);
        }
    }
}
