package io.github.tapeloop.step;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/**
 * The results of the first half of a step.
 *
 * @param outputs of the model, each beside its target; at least one
 * @param losses by name, sorted; {@code loss} is what to minimise
 * @param examples how many the batch has
 */
public record Forward(
        List<HeadOutput> outputs, SortedMap<String, Operand<TFloat32>> losses, Operand<TFloat64> examples) {

    /** What to minimise. */
    Operand<TFloat32> loss() {
        return losses.get(Scores.LOSS);
    }

    /** Lets the metrics see the outputs. */
    void measure(Ops tf) {
        outputs.forEach(output -> output.measure(tf));
    }

    /** All of it in an order: what a function takes that goes on from here. */
    List<Operand<?>> operands() {
        List<Operand<?>> all = new ArrayList<>();
        for (HeadOutput output : outputs) {
            all.add(output.target());
            all.add(output.prediction());
            output.mask().ifPresent(all::add);
        }
        weight().ifPresent(all::add);
        all.addAll(losses.values());
        all.add(examples);
        return all;
    }

    /** What {@link #operands} are, beside their types and shapes: equal for those that mean the same. */
    List<String> meanings() {
        List<String> all = new ArrayList<>();
        for (HeadOutput output : outputs) {
            all.add(output.mask().isPresent() ? "masked output" : "output");
        }
        if (weight().isPresent()) {
            all.add("weight");
        }
        all.addAll(losses.keySet());
        return all;
    }

    /** The weight of each example is the same for all outputs. */
    private Optional<Operand<TFloat32>> weight() {
        return outputs.get(0).weight();
    }

    /** The same with other operands, in the order of {@link #operands}. */
    Forward with(List<? extends Operand<?>> others) {
        Iterator<? extends Operand<?>> next = others.iterator();
        List<HeadOutput> unweighted = new ArrayList<>(outputs.size());
        for (HeadOutput output : outputs) {
            unweighted.add(new HeadOutput(
                    output.head(),
                    typed(next.next()),
                    typed(next.next()),
                    Optional.empty(),
                    output.mask().map(mask -> typed(next.next()))));
        }
        Optional<Operand<TFloat32>> weight = weight().map(one -> typed(next.next()));
        SortedMap<String, Operand<TFloat32>> sameLosses = new TreeMap<>();
        losses.keySet().forEach(name -> sameLosses.put(name, typed(next.next())));
        return new Forward(
                unweighted.stream().map(output -> output.weighted(weight)).toList(), sameLosses, typed(next.next()));
    }

    @SuppressWarnings("unchecked") // Each takes the place of one of its type.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
