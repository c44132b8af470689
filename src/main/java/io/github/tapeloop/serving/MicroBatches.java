package io.github.tapeloop.serving;

import io.github.tapeloop.runtime.OpException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.ByteDataBuffer;
import org.tensorflow.types.family.TType;

/**
 * Calls of many threads as one: those that come within a delay, of inputs of one shape, are run as a batch. The thread that comes first
 * waits for the others, runs for all and hands out the answers, so there is no thread besides theirs. A call that fails in a batch is
 * run by itself, as are those that were with it: nobody is told of the mistake of another one.
 */
public final class MicroBatches {

    private final int most;
    private final long delayNanos;
    /** The groups that still take calls, by what their inputs look like. Guarded by this. */
    private final Map<Kind, Group> open = new HashMap<>();

    private record Kind(int part, List<Shape> examples) {}

    /**
     * @param most how many examples a batch has at most
     * @param delay how long the first call of a batch waits for others
     */
    public MicroBatches(int most, Duration delay) {
        this.most = most;
        this.delayNanos = delay.toNanos();
    }

    /** Calls that are run together on one version. */
    private static final class Group {
        private final Version version;
        private final List<Examples.Given> calls = new ArrayList<>();
        private final CountDownLatch full = new CountDownLatch(1);
        private final CountDownLatch answered = new CountDownLatch(1);
        private int size;
        /** For each call; null if they are to be run one by one. Written before {@code answered}. */
        private List<List<Values>> answers;

        private Group(Version version) {
            this.version = version;
        }

        private int add(Examples.Given given) {
            calls.add(given);
            size += given.examples();
            return calls.size() - 1;
        }
    }

    /** Predicts with others, or alone if the inputs are as many as a batch takes. */
    List<Values> predict(Served served, Examples.Given given) {
        if (given.examples() >= most) {
            return served.predictAlone(given);
        }
        Kind kind = new Kind(given.kind(), given.exampleShapes());
        Group group;
        int place;
        synchronized (this) {
            group = open.get(kind);
            if (group != null && (group.size + given.examples() > most || !served.isInForce(group.version))) {
                group.full.countDown(); // Who comes after a refresh is not answered by what was before.
                group = null;
            }
            if (group == null) {
                group = new Group(served.enter());
                open.put(kind, group);
            }
            place = group.add(given);
            if (group.size == most) {
                open.remove(kind);
                group.full.countDown();
            }
        }
        if (place == 0) {
            lead(group, kind);
        } else { // Not to be interrupted: who leads reads the inputs.
            awaitUninterruptibly(group.answered, Long.MAX_VALUE);
        }
        return group.answers == null ? served.predictAlone(given) : group.answers.get(place);
    }

    private void lead(Group group, Kind kind) {
        try {
            awaitUninterruptibly(group.full, delayNanos);
            synchronized (this) {
                open.remove(kind, group);
            }
            group.answers = run(group);
        } finally {
            group.version.leave();
            group.answered.countDown();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch, long nanos) {
        long end = System.nanoTime() + nanos;
        boolean interrupted = Thread.interrupted();
        boolean waits = true;
        while (waits) {
            try {
                latch.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                waits = false;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The answers for each call; null if the batch failed. */
    private static List<List<Values>> run(Group group) {
        int part = group.calls.get(0).kind();
        if (group.calls.size() == 1) {
            try {
                return List.of(group.version.run(part, group.calls.get(0).tensors()));
            } catch (OpException e) {
                return null; // It is told by who runs it again.
            }
        }
        List<TType> inputs = new ArrayList<>();
        try {
            for (int i = 0; i < group.calls.get(0).tensors().size(); i++) {
                inputs.add(joined(group, i));
            }
            return split(group, group.version.run(part, inputs));
        } catch (OpException e) {
            return null; // Which of the calls it was, they find out one by one.
        } finally {
            inputs.forEach(TType::close);
        }
    }

    private static TType joined(Group group, int input) {
        TType first = group.calls.get(0).tensors().get(input);
        Shape shape = first.shape().tail().prepend(group.size);
        return Tensor.of(first.type(), shape, whole -> {
            ByteDataBuffer to = whole.asRawTensor().data();
            long at = 0;
            for (Examples.Given call : group.calls) {
                TType part = call.tensors().get(input);
                if (part.numBytes() > 0) {
                    part.asRawTensor().data().copyTo(to.offset(at), part.numBytes());
                    at += part.numBytes();
                }
            }
        });
    }

    private static List<List<Values>> split(Group group, List<Values> outputs) {
        List<List<Values>> answers = new ArrayList<>();
        int from = 0;
        for (Examples.Given call : group.calls) {
            int first = from;
            from += call.examples();
            List<Values> own = new ArrayList<>();
            for (Values output : outputs) {
                if (output.shape().numDimensions() == 0 || output.shape().get(0) != group.size) {
                    return null; // No answers to each example.
                }
                own.add(output.part(first, call.examples()));
            }
            answers.add(own);
        }
        return answers;
    }
}
