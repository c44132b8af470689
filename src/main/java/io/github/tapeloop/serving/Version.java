package io.github.tapeloop.serving;

import io.github.tapeloop.bridge.NativeGraph;
import io.github.tapeloop.bridge.NativeSession;
import io.github.tapeloop.runtime.OpException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TensorFlowException;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.family.TType;

/**
 * One version of the weights, in a session of TensorFlow of its own, which any number of threads may run at a time. Nothing
 * writes to it. It is freed when it was retired and the last call on it has ended, by whoever comes last.
 */
final class Version {

    private static final Logger LOG = LoggerFactory.getLogger(Version.class);

    /** Added when the version is retired: below zero nobody gets in any more. */
    private static final int RETIRED = Integer.MIN_VALUE;

    private final ServedGraph graph;
    private final NativeSession session;
    private final AtomicInteger users = new AtomicInteger();
    private final CountDownLatch freed = new CountDownLatch(1);
    private final Runnable onFreed;

    /**
     * @param weights of all variables of the graph; they stay the caller's
     * @param onFreed is run once nothing of the version is left
     */
    Version(ServedGraph graph, Weights weights, Runnable onFreed) {
        this.graph = graph;
        this.onFreed = onFreed;
        this.session = new NativeSession(graph.graph(), graph.config());
        try {
            session.run(
                    graph.assignment(),
                    graph.slots().keySet().stream().map(weights::get).toList());
            for (int kind = 0; kind < graph.parts().size(); kind++) {
                warmUp(kind);
            }
            graph.decoded().ifPresent(decoded -> decoded.check(this));
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    /** Has TensorFlow make of the graph what it runs, so that the first call need not wait for that. */
    private void warmUp(int kind) {
        List<TType> zeros = new ArrayList<>();
        try {
            for (ServedGraph.Feed feed : graph.parts().get(kind).feeds()) {
                long[] dimensions = feed.spec().shape().asArray();
                Arrays.setAll(dimensions, i -> Math.max(dimensions[i], 1));
                zeros.add(Tensor.of(feed.type(), Shape.of(dimensions), zero -> zero.asRawTensor()
                        .data()
                        .write(new byte[Math.toIntExact(zero.numBytes())])));
            }
            run(kind, zeros);
        } catch (OpException e) { // Open dimensions may have to be larger than 1, for example.
            LOG.debug("A prediction of zeros failed; others need not", e);
        } finally {
            zeros.forEach(TType::close);
        }
    }

    /** Begins a call, which {@link #leave} ends; false if the version is retired. */
    boolean enter() {
        int now = users.get();
        while (now >= 0) {
            if (users.compareAndSet(now, now + 1)) {
                return true;
            }
            now = users.get();
        }
        return false;
    }

    void leave() {
        if (users.decrementAndGet() == RETIRED) {
            free();
        }
    }

    /** Lets no call begin any more. Called once. */
    void retire() {
        if (users.getAndAdd(RETIRED) == 0) {
            free();
        }
    }

    private void free() {
        try {
            session.close();
            onFreed.run();
        } finally {
            freed.countDown();
        }
    }

    /** Whether nothing of it is left. */
    boolean isFreed() {
        return freed.getCount() == 0;
    }

    /** How many calls run. */
    int users() {
        return users.get() & Integer.MAX_VALUE;
    }

    /** Waits until all is freed; false if that was not so in time. */
    boolean await(long nanos) throws InterruptedException {
        return freed.await(nanos, TimeUnit.NANOSECONDS);
    }

    /**
     * Predicts, between {@link #enter} and {@link #leave}.
     *
     * @param kind which part of the graph
     */
    List<Values> run(int kind, List<? extends TType> inputs) {
        return run(graph.parts().get(kind), inputs);
    }

    List<Values> run(ServedGraph.Part part, List<? extends TType> inputs) {
        return run(part.ports(), inputs);
    }

    List<Values> run(NativeGraph.Ports ports, List<? extends TType> inputs) {
        try {
            List<Values> outputs = new ArrayList<>();
            session.run(ports, inputs)
                    .forEach(output -> outputs.add(new Values(Shape.of(output.shape()), output.values())));
            return outputs;
        } catch (TensorFlowException
                | IllegalArgumentException
                | IndexOutOfBoundsException
                | UnsupportedOperationException e) { // What TensorFlow Java makes of a status.
            throw new OpException("predict", "A prediction failed: " + e.getMessage());
        }
    }
}
