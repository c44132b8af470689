package io.github.tapeloop.step;

import io.github.tapeloop.runtime.Bundle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * What the first half of a step leaves: for each head of the model its output beside its target, and the losses.
 *
 * @param heads what is asked of the model's outputs
 * @param values {@code target/0}, {@code prediction/0} and perhaps {@code mask/0} for the first head, and so on; {@code
 *     weight} of the examples, if they have one; {@code loss/…} by name, sorted; {@code examples}, how many they are
 */
public record Forward(List<Head> heads, Bundle values) {

    static final String TARGET = "target/";
    static final String PREDICTION = "prediction/";
    static final String MASK = "mask/";
    static final String WEIGHT = "weight";
    static final String LOSS = "loss/";
    static final String EXAMPLES = "examples";

    /** The outputs of all heads. */
    public List<HeadOutput> outputs() {
        List<HeadOutput> outputs = new ArrayList<>(heads.size());
        for (int i = 0; i < heads.size(); i++) {
            outputs.add(new HeadOutput(
                    heads.get(i),
                    values.get(TARGET + i),
                    values.get(PREDICTION + i),
                    values.has(WEIGHT) ? Optional.of(values.get(WEIGHT)) : Optional.empty(),
                    values.has(MASK + i) ? Optional.of(values.get(MASK + i)) : Optional.empty()));
        }
        return outputs;
    }

    /** The losses by name; {@code loss} is what to minimise. */
    SortedMap<String, Operand<TFloat32>> losses() {
        SortedMap<String, Operand<TFloat32>> losses = new TreeMap<>();
        for (String name : values.names()) {
            if (name.startsWith(LOSS)) {
                losses.put(name.substring(LOSS.length()), values.get(name));
            }
        }
        return losses;
    }

    /** What to minimise. */
    Operand<TFloat32> loss() {
        return values.get(LOSS + Scores.LOSS);
    }

    /** How many examples the batch has. */
    Operand<TFloat64> examples() {
        return values.get(EXAMPLES);
    }

    /** Lets the metrics see the outputs. */
    void measure(Ops tf) {
        outputs().forEach(output -> output.measure(tf));
    }

    /** The same with other operands. */
    Forward with(List<? extends Operand<?>> others) {
        return new Forward(heads, values.with(others));
    }
}
