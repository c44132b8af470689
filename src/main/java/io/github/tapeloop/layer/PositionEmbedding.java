package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/**
 * Tells the steps of a series apart by a vector for each position that is learnt and added to what stands there (Gehring et
 * al. 2017). The vectors are float32 [sequenceLength, size], drawn by {@link Initializer#glorotUniform()}; a shorter series
 * uses the first of them. KerasHub's layer gives the vectors alone, to be added by the model.
 *
 * <pre>{@code
 * Sequential.of(new Embedding(20_000, 64).maskZero(true), new PositionEmbedding(128), new TransformerEncoder(64, 4, 256), …)
 * }</pre>
 */
public final class PositionEmbedding extends Layer {

    private final int sequenceLength;
    private WeightSpec embeddings = WeightSpec.of(Initializer.glorotUniform());

    /**
     * Creates a layer.
     *
     * @param sequenceLength how many steps the longest series has, at least 1
     */
    public PositionEmbedding(int sequenceLength) {
        this.sequenceLength = Require.atLeast(1, "PositionEmbedding sequenceLength", sequenceLength);
    }

    /**
     * Says how the vectors, float32 [sequenceLength, size], start, and what holds them. Drawn by {@link
     * Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public PositionEmbedding embeddings(UnaryOperator<WeightSpec> change) {
        this.embeddings = changed("embeddings", embeddings, change);
        return this;
    }

    /**
     * Adds the vector of each step's position. The output has the mask of x.
     *
     * @param pass makes ops
     * @param x float32 [batch, steps, size], steps and size known, at most sequenceLength steps
     * @return float32 [batch, steps, size]
     * @throws IllegalArgumentException if x has another rank, more steps, or another size than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Shape shape = StepPositions.require(this, x);
        long steps = shape.get(1);
        boolean tooMany = steps > sequenceLength && DecodedSteps.of(tf, x).isEmpty();
        if (shape.numDimensions() != 3 || tooMany) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (PositionEmbedding) expects [batch, steps, size] of at"
                            + " most " + sequenceLength + " steps, got " + Tensors.describe(x)
                            + ": a larger sequenceLength has vectors for more");
        }
        Variable<TFloat32> all =
                weight(pass, "embeddings", Shape.of(sequenceLength, shape.get(2)), x.type(), embeddings);
        Operand<TFloat32> used = DecodedSteps.of(tf, x)
                .map(decoded -> following(decoded, tf, all))
                .orElseGet(() -> first(tf, all.read(tf), steps));
        return pass.keepMask(x, tf.math.add(x, used));
    }

    private Operand<TFloat32> first(Ops tf, Operand<TFloat32> all, long steps) {
        return steps == sequenceLength
                ? all
                : tf.slice(all, tf.constant(new long[] {0, 0}), tf.constant(new long[] {steps, -1}));
    }

    /** Those of the steps that follow others. What fills them up may go beyond the last. */
    private Operand<TFloat32> following(DecodedSteps decoded, Ops tf, Variable<TFloat32> all) {
        decoded.takeAtMost(sequenceLength);
        return all.gather(tf, tf.math.minimum(decoded.positions(tf), tf.constant(sequenceLength - 1L)));
    }
}
