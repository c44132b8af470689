package io.github.tapeloop.layer;

import io.github.tapeloop.op.DecodedSteps;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/**
 * Attention with several heads (Vaswani et al. 2017). With q, k and v the query, key and value, each multiplied with a kernel
 * of its own for each head, a head gives softmax(q · k^T / √keyDim) · v; a last kernel makes the output of all heads. In
 * mixed precision the softmax and its argument are computed in float32.
 *
 * <pre>{@code
 * MultiHeadAttention attention = layer(new MultiHeadAttention(4, 16).useCausalMask(true));
 * Operand<TFloat32> y = attention.call(pass, x);        // self-attention
 * Operand<TFloat32> z = cross.call(pass, y, encoded);   // attention of y to what an encoder made
 * }</pre>
 *
 * <p>Weights are shaped and named as in Keras: {@code query/kernel} and {@code key/kernel} float32 [in, numHeads, keyDim],
 * {@code value/kernel} [in, numHeads, valueDim], {@code attention_output/kernel} [numHeads, valueDim, out], all drawn by
 * {@link Initializer#glorotUniform()} with the fans of matrices, [in, numHeads · size] and [numHeads · valueDim, out], and
 * biases, zeros.
 *
 * <p>What a query may not attend to has weight 0 and is no part of any gradient. A query that may attend to nothing, because it is
 * masked itself or masks leave nothing, attends to all steps alike, and its scores have no gradient, as in Keras; Keras with
 * a dropout gives zeros there.
 *
 * <p>A score is a product, so inputs of some 1e19 and more have infinite ones, and a query that has them gets NaN, as in Keras:
 * the softmax takes the largest score from all, and ∞ - ∞ is no number. Scores that stay finite there would have to be computed
 * in float64, for everybody; a {@link LayerNormalization} before the attention keeps inputs small.
 */
public final class MultiHeadAttention extends Layer {

    private final int numHeads;
    private final int keyDim;
    private int valueDim;
    private int outputDim;
    private boolean causal;
    private boolean rotary;
    private double dropout;
    private final Projections projections = new Projections(this);

    /**
     * Creates a layer whose value has the size of the key in each head.
     *
     * @param numHeads how many heads, at least 1
     * @param keyDim the size of query and key in each head, at least 1
     */
    public MultiHeadAttention(int numHeads, int keyDim) {
        this.numHeads = Require.atLeast(1, "MultiHeadAttention numHeads", numHeads);
        this.keyDim = Require.atLeast(1, "MultiHeadAttention keyDim", keyDim);
        this.valueDim = keyDim;
    }

    /**
     * The size of the value in each head; keyDim unless set.
     *
     * @param size at least 1
     * @return this
     */
    public MultiHeadAttention valueDim(int size) {
        requireUnused("valueDim");
        this.valueDim = Require.atLeast(1, "MultiHeadAttention valueDim", size);
        return this;
    }

    /**
     * The size of the output; that of the query unless set.
     *
     * @param size at least 1
     * @return this
     */
    public MultiHeadAttention outputDim(int size) {
        requireUnused("outputDim");
        this.outputDim = Require.atLeast(1, "MultiHeadAttention outputDim", size);
        return this;
    }

    /**
     * Whether the four products have biases; true unless set.
     *
     * @param use false for none
     * @return this
     */
    public MultiHeadAttention useBias(boolean use) {
        requireUnused("useBias");
        projections.useBias = use;
        return this;
    }

    /**
     * Whether a step attends to itself and those before only; false unless set. In Keras an argument of the call.
     *
     * @param use true so that no output depends on later steps
     * @return this
     */
    public MultiHeadAttention useCausalMask(boolean use) {
        requireUnused("useCausalMask");
        this.causal = use;
        return this;
    }

    /**
     * Whether queries and keys are turned by their positions, as {@link RotaryEmbedding} does, so that a score depends on how
     * far two steps are apart; false unless set. Steps of query and key are counted from 0 each.
     *
     * @param use true for rotary positions
     * @return this
     * @throws IllegalArgumentException if keyDim is odd, as features are turned in pairs
     */
    public MultiHeadAttention useRotary(boolean use) {
        requireUnused("useRotary");
        if (use && keyDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "MultiHeadAttention useRotary turns pairs of features, and needs an even keyDim, got " + keyDim);
        }
        this.rotary = use;
        return this;
    }

    /**
     * The part of the attention weights, after the softmax, to drop in training; 0 unless set.
     *
     * @param rate the part to drop, in [0, 1)
     * @return this
     */
    public MultiHeadAttention dropout(double rate) {
        requireUnused("dropout");
        this.dropout = Require.fraction("MultiHeadAttention dropout", rate);
        return this;
    }

    /**
     * Says how the four kernels, float32 of three dimensions each, start, and what holds them. Drawn by {@link
     * Initializer#glorotUniform()} unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public MultiHeadAttention kernel(UnaryOperator<WeightSpec> change) {
        projections.kernel = changed("kernel", projections.kernel, change);
        return this;
    }

    /**
     * Says how the four biases, float32 [numHeads, size] and [out], start, and what holds them. Zeros unless set.
     *
     * @param change makes another spec of the one set so far: {@code w -> w.initializer(…).regularizer(…)}
     * @return this
     */
    public MultiHeadAttention bias(UnaryOperator<WeightSpec> change) {
        projections.bias = changed("bias", projections.bias, change);
        return this;
    }

    /**
     * Trains little of a layer that was trained before (LoRA, Hu et al. 2021): query and value, with alpha = rank; see {@link
     * #enableLora(int, double, String...)}.
     *
     * @param rank how many columns each {@code lora_kernel_a} has, at least 1
     * @return this
     */
    public MultiHeadAttention enableLora(int rank) {
        return enableLora(rank, rank);
    }

    /**
     * Trains little of a layer that was trained before (LoRA, Hu et al. 2021): alpha / rank · a · b is added to some kernels, and all
     * four are frozen. {@code query/lora_kernel_a}, float32 [in, rank], and that of the others, is drawn by {@link
     * Initializer#heUniform()}, {@code query/lora_kernel_b} [rank, numHeads, keyDim] is zeros; those of the output are [numHeads,
     * valueDim, rank] and [rank, out]. As in KerasHub's models the biases of kernels with LoRA are trained as before, {@code bias(w ->
     * w.trainable(false))} freezes them, and the others are frozen. The kernels count as matrices, as in the paper and elsewhere; Keras'
     * {@code EinsumDense} has an a of its own for each head of query, key and value, up to numHeads times as many weights.
     *
     * @param rank how many columns each a has, at least 1
     * @param alpha the factor of what is added is alpha / rank, above 0
     * @param kernels some of {@code query}, {@code key}, {@code value}, {@code attention_output}; query and value if none is named
     * @return this
     * @throws IllegalArgumentException if there is no such kernel, or kernels have a constraint, which nothing would hold the sum to
     */
    public MultiHeadAttention enableLora(int rank, double alpha, String... kernels) {
        projections.enableLora(rank, alpha, kernels);
        return this;
    }

    /**
     * Self-attention: x is query, key and value. Where x has a mask, no step attends to a masked one, and masked steps
     * attend to all alike.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, in], steps and in known
     * @return float32 [batch, steps, out]
     * @throws IllegalArgumentException if x has another rank, unknown sizes, or another last dimension than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        requireSeries("x", x);
        return attend(pass, pass.tf(this), x, x, x, new ArrayList<>());
    }

    /**
     * Attention of the first input, the query, to the second, the value, by the third, the key; see {@link #call(ForwardPass, Operand,
     * Operand, Operand)}. One that is not given is the one before it.
     *
     * @param pass makes ops, says whether to train
     * @param inputs one to three, float32 [batch, steps, in], known but for the batch
     * @return float32 [batch, steps of the first, out]
     * @throws IllegalArgumentException if there are more, or their steps do not fit
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
        return switch (inputs.size()) {
            case 1 -> call(pass, inputs.get(0));
            case 2 -> call(pass, inputs.get(0), inputs.get(1));
            case 3 -> call(pass, inputs.get(0), inputs.get(1), inputs.get(2));
            default ->
                throw new IllegalArgumentException(
                        described() + " takes a query, a value and a key, got " + inputs.size() + " inputs");
        };
    }

    /**
     * Attention of a query to the steps of a value, which is the key as well. No query attends to a step that the
     * mask of the value leaves out; the output has the mask of the query.
     *
     * @param pass makes ops, says whether to train
     * @param query float32 [batch, queries, in], queries and in known
     * @param value float32 [batch, steps, in of the value], known but for the batch
     * @return float32 [batch, queries, out]
     */
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> query, Operand<TFloat32> value) {
        return call(pass, query, value, value);
    }

    /**
     * Attention of a query to the steps of a value by a key. No query attends to a step that the mask of the value
     * or of the key leaves out; the output has the mask of the query.
     *
     * @param pass makes ops, says whether to train
     * @param query float32 [batch, queries, in], queries and in known
     * @param value float32 [batch, steps, in of the value], known but for the batch
     * @param key float32 [batch, steps, in of the key], known but for the batch
     * @return float32 [batch, queries, out]
     */
    public Operand<TFloat32> call(
            ForwardPass pass, Operand<TFloat32> query, Operand<TFloat32> value, Operand<TFloat32> key) {
        requireAll(query, value, key);
        return attend(pass, pass.tf(this), query, value, key, new ArrayList<>());
    }

    /**
     * Attention of a query to the steps of a value by a key, where a mask allows it, and those that the value and the
     * key have; the output has the mask of the query.
     *
     * @param pass makes ops, says whether to train
     * @param query float32 [batch, queries, in], queries and in known
     * @param value float32 [batch, steps, in of the value], known but for the batch
     * @param key float32 [batch, steps, in of the key], known but for the batch
     * @param attentionMask bool [batch, queries, steps], true where a query may attend to a step; the first two dimensions may
     *     be 1. A query that may attend to no step attends to all alike
     * @return float32 [batch, queries, out]
     */
    public Operand<TFloat32> call(
            ForwardPass pass,
            Operand<TFloat32> query,
            Operand<TFloat32> value,
            Operand<TFloat32> key,
            Operand<TBool> attentionMask) {
        requireAll(query, value, key);
        if (Tensors.rank(attentionMask) != 3) {
            throw new IllegalArgumentException(described() + " expects an attentionMask [batch, queries, steps], got "
                    + Tensors.describe(attentionMask));
        }
        return attend(pass, pass.tf(this), query, value, key, new ArrayList<>(List.of(attentionMask)));
    }

    private Operand<TFloat32> attend(
            ForwardPass pass,
            Ops tf,
            Operand<TFloat32> query,
            Operand<TFloat32> value,
            Operand<TFloat32> key,
            List<Operand<TBool>> masks) {
        boolean toItself = causal && query == value && query == key && masks.isEmpty();
        DecodedSteps decoded = StepByStep.ofAttention(this, tf, query, value, key, toItself, causal);
        allowSteps(pass, tf, value, 1, masks);
        if (key != value) {
            allowSteps(pass, tf, key, 1, masks);
        }
        allowSteps(pass, tf, query, 2, masks);
        boolean gaps = !masks.isEmpty();
        if (causal) {
            masks.add(
                    notLater(tf, Tensors.shape(query).get(1), Tensors.shape(key).get(1)));
        }
        Operand<TBool> allowed = masks.stream()
                .reduce((one, other) -> tf.math.logicalAnd(one, other))
                .orElse(null);
        Operand<TBool> attending = gaps ? tf.any(allowed, tf.constant(2)) : null;
        Operand<TBool> attended = gaps ? tf.any(allowed, tf.constant(1)) : null;
        Operand<TFloat32> q = turned(tf, heads(pass, tf, "query", Masks.finite(tf, query, attending), keyDim));
        Operand<TFloat32> k = turned(tf, heads(pass, tf, "key", Masks.finite(tf, key, attended), keyDim));
        Operand<TFloat32> v = heads(pass, tf, "value", Masks.finite(tf, value, attended), valueDim);
        Attended these = new Attended(k, v, allowed);
        Attended all = decoded == null
                ? these
                : toItself
                        ? these.withThoseBefore(decoded, tf, query, StepMask.ofSteps(this, pass, query))
                        : these.ofOthers(decoded, tf);
        Operand<TFloat32> weights = FullPrecision.compute(
                tf, q, (full, wide) -> weights(full, wide, DtypePolicy.full(full, all.keys()), all.allowed()));
        if (pass.training() && dropout > 0) {
            weights = Dropout.drop(pass, tf, weights, dropout, Dimensions.of(tf, weights));
        }
        Operand<TFloat32> mixed = batchProduct(tf, weights, all.values(), false);
        return pass.keepMask(query, merged(pass, tf, mixed, query));
    }

    private Operand<TFloat32> turned(Ops tf, Operand<TFloat32> heads) {
        return rotary ? RotaryEmbedding.turned(tf, heads, 2, RotaryEmbedding.MAX_WAVELENGTH) : heads;
    }

    /** How much each query attends to each step, [batch, heads, queries, steps]. A rounded score is a wrong exponent. */
    private Operand<TFloat32> weights(Ops tf, Operand<TFloat32> q, Operand<TFloat32> k, Operand<TBool> allowed) {
        Operand<TFloat32> scaled = tf.math.mul(q, Tensors.constant(tf, 1 / Math.sqrt(keyDim), q.type()));
        Operand<TFloat32> scores = batchProduct(tf, scaled, k, true);
        return tf.nn.softmax(allowed == null ? scores : masked(tf, scores, allowed));
    }

    /** No query attends to a masked step of a value or key, and no masked query attends to a step. */
    private void allowSteps(ForwardPass pass, Ops tf, Operand<TFloat32> x, int along, List<Operand<TBool>> masks) {
        Operand<TBool> mask = StepMask.ofSteps(this, pass, x);
        if (mask != null) {
            masks.add(tf.expandDims(mask, tf.constant(along)));
        }
    }

    /** Products of matrices, as many as batch · heads. The newer op of the Java API takes no float16 on a CPU. */
    private static Operand<TFloat32> batchProduct(
            Ops tf, Operand<TFloat32> a, Operand<TFloat32> b, boolean transposeB) {
        return tf.scope()
                .opBuilder("BatchMatMul", "BatchMatMul")
                .addInput(a.asOutput())
                .addInput(b.asOutput())
                .setAttr("adj_y", transposeB)
                .build()
                .output(0);
    }

    /** x · kernel + bias of each head, [batch, heads, steps, size]. */
    private Operand<TFloat32> heads(ForwardPass pass, Ops tf, String name, Operand<TFloat32> x, long size) {
        Shape shape = Tensors.shape(x);
        Operand<TFloat32> rows = tf.reshape(x, tf.constant(new long[] {-1, shape.get(2)}));
        Operand<TFloat32> y = projections.product(
                pass, tf, name, rows, Shape.of(shape.get(2), numHeads, size), Shape.of(numHeads, size));
        Operand<TFloat32> split = tf.reshape(y, tf.constant(new long[] {-1, shape.get(1), numHeads, size}));
        return tf.linalg.transpose(split, tf.constant(new int[] {0, 2, 1, 3}));
    }

    /** What the last kernel makes of all heads, [batch, queries, out]. */
    private Operand<TFloat32> merged(ForwardPass pass, Ops tf, Operand<TFloat32> mixed, Operand<TFloat32> query) {
        Shape shape = Tensors.shape(query);
        long out = outputDim > 0 ? outputDim : shape.get(2);
        Operand<TFloat32> together = tf.linalg.transpose(mixed, tf.constant(new int[] {0, 2, 1, 3}));
        Operand<TFloat32> rows = tf.reshape(together, tf.constant(new long[] {-1, (long) numHeads * valueDim}));
        Operand<TFloat32> y = projections.product(
                pass, tf, "attention_output", rows, Shape.of(numHeads, valueDim, out), Shape.of(out));
        return tf.reshape(y, tf.constant(new long[] {-1, shape.get(1), out}));
    }

    /** True where the step is not later than the query, bool [1, queries, steps]. */
    private static Operand<TBool> notLater(Ops tf, long queries, long steps) {
        Operand<TInt64> rows = tf.range(tf.constant(0L), tf.constant(queries), tf.constant(1L));
        Operand<TInt64> columns = tf.range(tf.constant(0L), tf.constant(steps), tf.constant(1L));
        return tf.math.greaterEqual(tf.reshape(rows, tf.constant(new long[] {1, queries, 1})), columns);
    }

    /** Scores with one number, so low that its weight is 0 beside any score, in place of the forbidden ones. */
    private static Operand<TFloat32> masked(Ops tf, Operand<TFloat32> scores, Operand<TBool> allowed) {
        double lowest = -0.7 * (scores.type() == TFloat32.class ? Float.MAX_VALUE : Double.MAX_VALUE);
        return tf.select(
                tf.expandDims(allowed, tf.constant(1)), // The same for all heads.
                scores,
                Tensors.constant(tf, lowest, scores.type()));
    }

    private void requireAll(Operand<TFloat32> query, Operand<TFloat32> value, Operand<TFloat32> key) {
        requireSeries("query", query);
        requireSeries("value", value);
        requireSeries("key", key);
        if (Tensors.shape(value).get(1) != Tensors.shape(key).get(1)) {
            throw new IllegalArgumentException(
                    described() + " expects as many steps of the value as of the key, got value "
                            + Tensors.describe(value) + " and key " + Tensors.describe(key));
        }
    }

    private void requireSeries(String name, Operand<TFloat32> x) {
        requireTaken(x);
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() != 3 || shape.tail().hasUnknownDimension()) {
            throw new IllegalArgumentException(described() + " expects " + name
                    + " [batch, steps, in] with known sizes after the batch, got " + Tensors.describe(x));
        }
    }

    private String described() {
        return "Layer '" + path() + "' (MultiHeadAttention)";
    }
}
