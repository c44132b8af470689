package io.github.tapeloop.bench;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.runtime.SessionBuilder;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.tape.GradientTape;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** What gradients cost, op by op: one phase of a step without an optimizer, always on the same batch. */
final class EagerTape implements Contestant {

    /** The part of a step whose time counts. */
    enum Phase {
        /** The model and its loss, with no tape open. */
        FORWARD,
        /** The same while a tape notes it, the tape's opening included. */
        TAPED,
        /** The gradients of all weights. */
        BACKWARD
    }

    private final Phase phase;
    private final TapeSession session;
    private final Model model;
    private final SparseCategoricalCrossentropy loss = SparseCategoricalCrossentropy.fromLogits();
    private final BatchIterator batches;
    private final Batch batch;

    EagerTape(Workload workload, Phase phase) {
        this.phase = phase;
        SessionBuilder builder = TapeSession.builder().seed(1);
        if (workload == Workload.MLP32) {
            builder.threads(1, 1);
        }
        this.session = builder.build();
        this.model = Ours.model(workload);
        this.batches = Workload.data().batch(workload.batch).open(1, 0);
        this.batch = batches.next();
    }

    @Override
    public double microsPerStep(int steps) {
        long nanos = 0;
        for (int i = 0; i < steps; i++) {
            nanos += phase == Phase.FORWARD ? forward() : recorded();
        }
        return nanos / 1e3 / steps;
    }

    private long forward() {
        try (TensorScope scope = session.scope()) {
            long start = System.nanoTime();
            loss(session.tf());
            return System.nanoTime() - start;
        }
    }

    private long recorded() {
        Ops tf = session.tf();
        try (TensorScope scope = session.scope()) {
            long start = System.nanoTime();
            try (GradientTape tape = GradientTape.open(tf)) {
                Operand<TFloat32> value = loss(tf);
                long middle = System.nanoTime();
                tape.gradients(value, model.trainableVariables());
                long end = System.nanoTime();
                return phase == Phase.TAPED ? middle - start : end - middle;
            }
        }
    }

    private Operand<TFloat32> loss(Ops tf) {
        return loss.call(tf, batch.target(tf), model.call(ForwardPass.training(tf), batch.input(tf)));
    }

    @Override
    public void close() {
        batch.close();
        batches.close();
        session.close();
    }
}
