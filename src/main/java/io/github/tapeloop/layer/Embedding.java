package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.Variable;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/**
 * Looks up a vector for each id. The vectors are float32 [inputDim, outputDim], drawn uniformly in ±.05.
 *
 * <p>Ids are whole numbers in [0, inputDim), others are refused (-1 as well, which Keras takes for the last one), of any numeric
 * type: int32 and int64 operands come behind the {@code TFloat32}
 * of the signature, as float64 ones do, and floats are cut off to int32. Floats hold whole numbers exactly up to 2^24 only,
 * so larger vocabularies need ids of an int type. The vectors are float64 if the ids are, else float32.
 *
 * <p>Only the vectors looked up are read, and the gradient is {@link io.github.tapeloop.state.IndexedSlices} of them: with
 * an optimizer that updates rows, a step costs the same whatever inputDim is.
 */
public final class Embedding extends Layer {

    private static final String EMBEDDINGS = "embeddings";

    private final int inputDim;
    private final int outputDim;
    private boolean maskZero;
    private WeightSpec embeddings = WeightSpec.of(Initializer.randomUniform());

    /**
     * Creates a layer.
     *
     * @param inputDim how many ids there are, at least 1
     * @param outputDim the size of a vector, at least 1
     */
    public Embedding(int inputDim, int outputDim) {
        this.inputDim = Require.atLeast(1, "Embedding inputDim", inputDim);
        this.outputDim = Require.atLeast(1, "Embedding outputDim", outputDim);
    }

    /**
     * Whether id 0 is filling, such as padding puts at the end of short series: then what comes out
     * has a mask, see {@link ForwardPass#mask}. False unless set.
     *
     * @param mask true to mask id 0; it still has a vector, so count it in inputDim
     * @return this
     */
    public Embedding maskZero(boolean mask) {
        requireUnused("maskZero");
        this.maskZero = mask;
        return this;
    }

    /**
     * Says how the vectors, float32 [inputDim, outputDim], start, and what holds them. Drawn by {@link
     * Initializer#randomUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public Embedding embeddings(UnaryOperator<WeightSpec> change) {
        this.embeddings = changed(EMBEDDINGS, embeddings, change);
        return this;
    }

    /**
     * Trains little of a layer that was trained before (LoRA, Hu et al. 2021), with alpha = rank; see {@link #enableLora(int, double)}.
     *
     * @param rank how many columns {@code lora_embeddings_a} has, at least 1
     * @return this
     */
    public Embedding enableLora(int rank) {
        return enableLora(rank, rank);
    }

    /**
     * Trains little of a layer that was trained before (LoRA, Hu et al. 2021): its vectors are frozen, and alpha / rank · a · b is added
     * to them. Of these {@code lora_embeddings_a}, float32 [inputDim, rank], is drawn by {@link Initializer#heUniform()}, and {@code
     * lora_embeddings_b} [rank, outputDim] is zeros, so that training begins with the vectors. Only the rows of a that are looked up are
     * read and multiplied, and their gradient is sparse. A regularizer of the vectors holds a and b, each for itself, as in Keras.
     *
     * <p>{@link #baseVariables()} are the weights to give what was trained before; {@link #mergeLora()} adds to them what was learnt.
     *
     * @param rank how many columns a has, at least 1
     * @param alpha the factor of what is added is alpha / rank, above 0
     * @return this
     * @throws IllegalArgumentException if the vectors have a constraint, which nothing would hold the sum to
     */
    public Embedding enableLora(int rank, double alpha) {
        adapt(List.of(EMBEDDINGS), List.of(), rank, alpha, embeddings);
        return this;
    }

    @Override
    protected InputType inputType() {
        return InputType.NUMBERS;
    }

    /**
     * Looks up.
     *
     * @param pass makes ops; takes the mask of the output, bool [batch, …], if id 0 is masked
     * @param x ids [batch, …], of any numeric type
     * @return float32 [batch, …, outputDim]
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        Ops tf = pass.tf(this, x);
        Operand<TFloat32> exact = pass.exact(x);
        Class<? extends TType> given = exact.type();
        if (DtypePolicy.isHalf(given)) {
            throw new IllegalArgumentException("Embedding '" + path() + "' got its ids as " + Tensors.describe(x)
                    + ", which mixed precision has rounded: give them as int32 or int64");
        }
        boolean whole = Objects.equals(given, TInt32.class) || Objects.equals(given, TInt64.class);
        DecodedSteps.of(tf).ifPresent(steps -> steps.takeIds(inputDim));
        Operand<? extends TNumber> ids = whole ? exact : Tensors.cast(tf, exact, TInt32.class);
        Operand<TFloat32> vectors = vectors(pass, tf, ids, weightType(given));
        if (maskZero) {
            pass.setMask(vectors, differsFromZero(tf, ids));
        }
        return vectors;
    }

    private Operand<TFloat32> vectors(ForwardPass pass, Ops tf, Operand<? extends TNumber> ids, Class<TFloat32> type) {
        Shape shape = Shape.of(inputDim, outputDim);
        Operand<TFloat32> found =
                weight(pass, EMBEDDINGS, shape, type, embeddings).gather(tf, ids);
        Lora lora = lora(EMBEDDINGS);
        if (lora == null) {
            return found;
        }
        Lora.Factors factors = lora.factors(this, pass, EMBEDDINGS, shape, 1, type, embeddings);
        return tf.math.add(
                found,
                Rows.map(tf, factors.a().gather(tf, ids), outputDim, thin -> lora.widened(tf, thin, factors.b())));
    }

    /**
     * The vectors as a variable, made if they are not there yet, for an output that is tied to this input (Press and Wolf 2017):
     *
     * <pre>{@code
     * Operand<TFloat32> logits = tf.linalg.matMul(h, ids.table(pass).read(tf), MatMul.transposeB(true));
     * }</pre>
     *
     * @param pass the pass of the call
     * @return float32 [inputDim, outputDim], or float64 if the ids were
     * @throws IllegalStateException if the layer belongs to another session, or LoRA is enabled, with which the vectors are a sum
     */
    public Variable<TFloat32> table(ForwardPass pass) {
        pass.tf(this);
        if (lora(EMBEDDINGS) != null) {
            throw new IllegalStateException(
                    "Embedding '" + path() + "' has LoRA, so its vectors are no variable but a sum,"
                            + " and an output tied to the variable would miss what is learnt: leave LoRA out of this layer");
        }
        Class<? extends TType> made =
                ownWeights().isEmpty() ? TFloat32.class : ownWeights().get(0).type();
        return weight(pass, EMBEDDINGS, Shape.of(inputDim, outputDim), weightType(made), embeddings);
    }

    private static <T extends TNumber> Operand<TBool> differsFromZero(Ops tf, Operand<T> ids) {
        return tf.math.notEqual(ids, Tensors.constant(tf, 0, ids.type()));
    }

    @SuppressWarnings("unchecked") // The package's note on TFloat32.
    private static Class<TFloat32> weightType(Class<? extends TType> given) {
        return given == TFloat64.class ? (Class<TFloat32>) (Class<?>) TFloat64.class : TFloat32.class;
    }
}
