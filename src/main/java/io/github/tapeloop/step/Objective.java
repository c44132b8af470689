package io.github.tapeloop.step;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.runtime.Bundle;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.warning.Warnings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** The objective of training: a model, and what is asked of its outputs. */
public final class Objective {

    private final Model model;
    private final List<Head> heads;
    private final SeenInputs seen = new SeenInputs();
    private boolean warned;

    public Objective(Model model, List<Head> heads) {
        this.model = model;
        this.heads = heads;
    }

    Model model() {
        return model;
    }

    /** Compares what the model gave for a batch with what it should have given. */
    Forward compare(Ops tf, ForwardPass pass, Map<String, Operand<TFloat32>> outputs, Batch batch) {
        Optional<Operand<TFloat32>> weight = batch.sampleWeight(tf);
        List<HeadOutput> compared = new ArrayList<>(heads.size());
        for (Head head : heads) {
            Operand<TFloat32> prediction = head.prediction(outputs);
            compared.add(new HeadOutput(head, head.target(tf, batch), prediction, weight, pass.mask(prediction)));
        }
        warnOfDroppedMasks(pass, outputs);
        return new Forward(compared, losses(tf, pass, compared), batch.examples(tf));
    }

    /** As Keras does, but once: losing a mask is a mistake more often than not. */
    private void warnOfDroppedMasks(ForwardPass pass, Map<String, Operand<TFloat32>> outputs) {
        List<? extends Operand<?>> masked = warned ? List.of() : pass.droppedMasks();
        if (masked.isEmpty()) {
            return;
        }
        List<? extends Operand<?>> dropped = masked.stream()
                .filter(x -> outputs.values().stream().noneMatch(y -> x.equals(y.asOutput())))
                .toList();
        if (!dropped.isEmpty()) {
            warned = true;
            List<String> makers = dropped.stream()
                    .map(x -> Tensors.describe(x) + " from op '" + x.op().name() + "'")
                    .toList();
            Warnings.warn(
                    Objective.class,
                    "The mask of " + makers
                            + " is dropped: what takes it neither heeds masks nor hands them on, so what is masked"
                            + " counts from there on. A layer that works on each step by itself keeps the mask with"
                            + " pass.keepMask(x, y); if it is meant to end here, take it off with pass.setMask(x, null)");
        }
    }

    /**
     * What to minimise, named {@code loss}: the weighted sum of the losses of the outputs, without those of weight 0, and what
     * layers have added. If several outputs have losses, these are beside it, each by its name.
     */
    private static SortedMap<String, Operand<TFloat32>> losses(Ops tf, ForwardPass pass, List<HeadOutput> outputs) {
        SortedMap<String, Operand<TFloat32>> named = new TreeMap<>();
        Operand<TFloat32> total = null;
        for (HeadOutput output : outputs) {
            if (output.head().loss() != null) {
                Operand<TFloat32> loss = output.loss(tf);
                named.put(output.head().lossName(), loss);
                if (output.head().counts()
                        || outputs.stream().noneMatch(any -> any.head().counts())) {
                    Operand<TFloat32> weighted = output.head().weighted(tf, loss);
                    total = total == null ? weighted : tf.math.add(total, weighted);
                }
            }
        }
        if (named.size() == 1) {
            named.clear();
        }
        named.put(Scores.LOSS, pass.totalLoss(total));
        return named;
    }

    /** The inputs of a batch by name, in its order. */
    public Map<String, Operand<TFloat32>> inputs(Ops tf, Batch batch) {
        Map<String, Operand<TFloat32>> inputs = named(tf, batch);
        seen.see(inputs);
        return inputs;
    }

    private static Map<String, Operand<TFloat32>> named(Ops tf, Batch batch) {
        Map<String, Operand<TFloat32>> inputs = new LinkedHashMap<>();
        for (String name : batch.inputNames()) {
            inputs.put(name, batch.input(tf, name));
        }
        return inputs;
    }

    /** What inputs like those of a batch look like, of any number of examples. */
    public static Map<String, Spec> specs(TapeSession session, Batch batch) {
        try (TensorScope scope = session.scope()) {
            Bundle.Signature open =
                    Bundle.of(named(session.tf(), batch)).signature().open();
            Map<String, Spec> specs = new LinkedHashMap<>();
            open.names().forEach(name -> specs.put(name, open.specs().get(specs.size())));
            return specs;
        }
    }

    /** What the inputs of batches looked like so far. */
    public SeenInputs seen() {
        return seen;
    }
}
