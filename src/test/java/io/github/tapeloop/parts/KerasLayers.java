package io.github.tapeloop.parts;

import static io.github.tapeloop.layer.Activations.*;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.*;
import io.github.tapeloop.layer.Bidirectional.MergeMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** The layers of keras_layers.py by the names of their cases. */
final class KerasLayers {

    private static final Oracle FIGURES = Oracle.load("keras_layers.txt");
    private static final Oracle BLOCKS = Oracle.load("keras_blocks.txt");
    private static final Oracle LORA = Oracle.load("keras_lora.txt");
    private static final boolean[][] MASK = {
        {true, true, true, false, false}, {false, true, false, true, true}, {false, false, false, false, false}
    };
    private static final boolean[][] TAIL = {
        {true, true, false, true}, {true, false, false, false}, {false, false, false, false}
    };
    private static final boolean[][][] ALLOWED = {
        {{true, false, true, true}, {false, false, false, false}, {false, false, false, true}}
    };

    /** Keras' constants are float32, and it resizes images in float32. */
    private static final double TOLERANCE = 2e-7;

    private final Map<String, LayerCase> cases = new LinkedHashMap<>();

    private KerasLayers() {
        core();
        noise();
        activations();
        normalizations();
        merges();
        shapes();
        pools();
        convolutions();
        sequences();
        attentions();
        positions();
        blocks();
        lora();
    }

    static Map<String, LayerCase> cases() {
        return new KerasLayers().cases;
    }

    private void trained(String name, Supplier<? extends Layer> layer) {
        add(new LayerCase(FIGURES, name, layer, true, false, TOLERANCE));
    }

    private void inferred(String name, Supplier<? extends Layer> layer) {
        add(new LayerCase(FIGURES, name, layer, false, false, TOLERANCE));
    }

    private void add(LayerCase row) {
        if (cases.put(row.name(), row) != null) {
            throw new IllegalStateException("two cases of one name: " + row.name());
        }
    }

    /** Gives the inputs masks before a layer is called with them. */
    private static final class Masked extends LayerCase.Several {

        /** What the layer is called with. */
        @FunctionalInterface
        interface Call<L> {
            Operand<TFloat32> of(L layer, ForwardPass pass, List<Operand<TFloat32>> x);
        }

        private final Call<Layer> call;
        private final List<boolean[][]> masks;

        @SuppressWarnings("unchecked") // The call is of the type of the layer.
        private <L extends Layer> Masked(L inner, Call<L> call, boolean[][]... masks) {
            this.call = (layer, pass, x) -> call.of((L) layer, pass, x);
            this.masks = List.of(masks);
            layer("inner", inner);
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
            List<Operand<TFloat32>> x = new ArrayList<>();
            for (int i = 0; i < inputs.size(); i++) {
                Operand<TFloat32> input = pass.tf().identity(inputs.get(i));
                x.add(input);
                mask(i).ifPresent(mask -> pass.setMask(input, constant(pass, mask)));
            }
            return call.of(layers().get("inner"), pass, x);
        }

        private Optional<boolean[][]> mask(int input) {
            return input < masks.size() && masks.get(input).length > 0
                    ? Optional.of(masks.get(input))
                    : Optional.empty();
        }

        private static Operand<TBool> constant(ForwardPass pass, boolean[][] mask) {
            return pass.tf().constant(StdArrays.ndCopyOf(mask));
        }
    }

    private static Layer masked(Layer layer) {
        return new Masked(layer, (inner, pass, x) -> inner.call(pass, x.get(0)), MASK);
    }

    private void core() {
        trained("dense", () -> new Dense(3));
        trained("dense_rank3_gelu", () -> new Dense(3, GELU).useBias(false));
        trained("dense_penalties", () -> new Dense(3, TANH)
                .kernel(w -> w.regularizer(Regularizer.l1l2(0.1, 0.2)))
                .bias(w -> w.regularizer(Regularizer.l2()))
                .activityRegularizer(Regularizer.l2(0.3)));
        add(new LayerCase(FIGURES, "embedding", () -> new Embedding(7, 3), true, true, TOLERANCE));
        add(new LayerCase(FIGURES, "embedding_rank3", () -> new Embedding(5, 2), true, true, TOLERANCE));
        add(new LayerCase(
                FIGURES, "embedding_repeated", () -> new Embedding(2, 4).maskZero(true), true, true, TOLERANCE));
        trained("prelu", PReLU::new);
        trained("prelu_images", PReLU::new);
        trained("prelu_shared", () -> new PReLU(1, 2));
        trained("activation", () -> new Activation(RELU));
        trained("activation_softmax", () -> new Activation(SOFTMAX));
        trained("activation_tanh", () -> new Activation(TANH));
        trained("activity_regularization", () -> new ActivityRegularization(0.1, 0.2));
        trained("activity_regularization_l1", () -> new ActivityRegularization(0.3, 0));
        trained("activity_regularization_l2", () -> new ActivityRegularization(0, 0.3));
        trained("lambda", () -> new Lambda((pass, x) -> pass.tf().math.square(x)));
        trained(
                "lambda_sum",
                () -> new Lambda((pass, x) -> pass.tf().sum(x, pass.tf().constant(1))));
        trained("lambda_abs", () -> new Lambda((pass, x) -> pass.tf().math.abs(x)));
        trained("rescaling", () -> new Rescaling(0.5, -1));
        trained("rescaling_no_offset", () -> new Rescaling(4));
        trained("rescaling_images", () -> new Rescaling(0.25, 0.75));
    }

    private void noise() {
        Map<String, Double> rates = new LinkedHashMap<>();
        rates.put("", 0.5);
        rates.put("_series", 0.2);
        rates.put("_images", 0.8);
        rates.forEach((suffix, rate) -> {
            inferred("dropout" + suffix, () -> new Dropout(rate));
            inferred("alpha_dropout" + suffix, () -> new AlphaDropout(rate));
            inferred("gaussian_dropout" + suffix, () -> new GaussianDropout(rate));
            inferred("gaussian_noise" + suffix, () -> new GaussianNoise(rate));
        });
        Map<String, Double> spatial = new LinkedHashMap<>();
        spatial.put("", 0.5);
        spatial.put("_low", 0.1);
        spatial.put("_high", 0.9);
        spatial.forEach((suffix, rate) -> {
            inferred("spatial_dropout1d" + suffix, () -> new SpatialDropout1D(rate));
            inferred("spatial_dropout2d" + suffix, () -> new SpatialDropout2D(rate));
        });
    }

    private void activation(String name, ActivationFunction function) {
        trained("activations_" + name, () -> new Activation(function));
    }

    private void activations() {
        activation("linear", LINEAR);
        activation("relu", RELU);
        activation("relu6", RELU6);
        activation("leaky_relu", LEAKY_RELU);
        activation("elu", ELU);
        activation("selu", SELU);
        activation("celu", CELU);
        activation("exponential", EXPONENTIAL);
        activation("sigmoid", SIGMOID);
        activation("log_sigmoid", LOG_SIGMOID);
        activation("hard_sigmoid", HARD_SIGMOID);
        activation("sparse_sigmoid", SPARSE_SIGMOID);
        activation("tanh", TANH);
        activation("hard_tanh", HARD_TANH);
        activation("tanh_shrink", TANH_SHRINK);
        activation("silu", SILU);
        activation("hard_silu", HARD_SILU);
        activation("mish", MISH);
        activation("gelu", GELU);
        activation("softplus", SOFTPLUS);
        activation("softsign", SOFTSIGN);
        activation("sparse_plus", SPARSE_PLUS);
        activation("squareplus", SQUAREPLUS);
        activation("hard_shrink", HARD_SHRINK);
        activation("soft_shrink", SOFT_SHRINK);
        activation("log_softmax", LOG_SOFTMAX);
        activation("softmax", SOFTMAX);
        activation("gelu_approximate", GELU_APPROXIMATE);
        activation("glu", GLU);
        activation("relu_limited", Activations.relu(0.25, 3, 0.5));
        activation("relu_max", Activations.relu(0, 3, 0));
        activation("elu_half", Activations.elu(0.5));
        activation("celu_half", Activations.celu(0.5));
        activation("leaky_relu_tenth", Activations.leakyRelu(0.1));
        activation("squareplus_1", Activations.squareplus(1));
        activation("hard_shrink_1", Activations.hardShrink(1));
        activation("soft_shrink_1", Activations.softShrink(1));
        activation("threshold", Activations.threshold(0.5, -2));
        activation("softmax_axis0", Activations.softmax(0));
        activation("log_softmax_axis0", Activations.logSoftmax(0));
    }

    private void normalizations() {
        trained("batch_normalization", BatchNormalization::new);
        trained(
                "batch_normalization_images",
                () -> new BatchNormalization().momentum(0.5).epsilon(0.1));
        trained(
                "batch_normalization_axis1",
                () -> new BatchNormalization().axis(1).scale(false));
        inferred("batch_normalization_inference", () -> new BatchNormalization().center(false));
        trained("batch_normalization_masked", () -> masked(new BatchNormalization()));
        trained("layer_normalization", LayerNormalization::new);
        trained("layer_normalization_axes", () -> new LayerNormalization(1, 2).epsilon(0.1));
        trained("layer_normalization_inner_axis", () -> new LayerNormalization(1).center(false));
        trained("group_normalization", () -> new GroupNormalization(2));
        trained("group_normalization_images", () -> new GroupNormalization(1).scale(false));
        trained("group_normalization_channels", () -> new GroupNormalization(-1).epsilon(0.1));
        trained("rms_normalization", RmsNormalization::new);
        trained("rms_normalization_series", RmsNormalization::new);
        trained("rms_normalization_epsilon", () -> new RmsNormalization().epsilon(0.1));
        trained("unit_normalization", UnitNormalization::new);
        trained("unit_normalization_axis1", () -> new UnitNormalization(1));
        trained("unit_normalization_axes", () -> new UnitNormalization(1, 2));
        double[] means = {0.5, -0.25, 1, 0};
        double[] variances = {2, 0.25, 1, 4};
        trained("normalization", () -> new Normalization().statistics(means, variances));
        trained(
                "normalization_invert",
                () -> new Normalization().statistics(means, variances).invert(true));
        trained("normalization_all", () -> Normalization.overAll().statistics(new double[] {0.5}, new double[] {4}));
    }

    private void merges() {
        Map<String, Supplier<Merge>> merges = new LinkedHashMap<>();
        merges.put("add", Add::new);
        merges.put("multiply", Multiply::new);
        merges.put("average", Average::new);
        merges.put("maximum", Maximum::new);
        merges.put("minimum", Minimum::new);
        merges.put("concatenate", Concatenate::new);
        merges.forEach((name, merge) -> {
            trained(name, merge);
            trained(name + "_three", merge);
            trained(name + "_series", merge);
        });
        trained("concatenate_axis1", () -> new Concatenate(1));
        trained("subtract", Subtract::new);
        trained("subtract_series", Subtract::new);
        trained("subtract_images", Subtract::new);
        trained("dot", () -> new Dot(1));
        trained("dot_normalize", () -> new Dot(1).normalize(true));
        trained("dot_axes", () -> new Dot(1, 2));
        trained("dot_axes_normalize", () -> new Dot(2, 1).normalize(true));
    }

    private void shapes() {
        trained("flatten", Flatten::new);
        trained("flatten_images", Flatten::new);
        trained("flatten_matrix", Flatten::new);
        trained("reshape", () -> new Reshape(2, -1));
        trained("reshape_images", () -> new Reshape(3, 4, 5));
        trained("reshape_flat", () -> new Reshape(20));
        trained("permute", () -> new Permute(2, 1));
        trained("permute_images", () -> new Permute(3, 1, 2));
        trained("permute_columns", () -> new Permute(2, 1, 3));
        trained("cropping1d", Cropping1D::new);
        trained("cropping1d_sides", () -> new Cropping1D(0, 2));
        trained("cropping1d_two", () -> new Cropping1D(2));
        trained("cropping2d", () -> new Cropping2D(0));
        trained("cropping2d_one", () -> new Cropping2D(1));
        trained("cropping2d_sides", () -> new Cropping2D(1, 2, 0, 1));
        trained("zero_padding1d", ZeroPadding1D::new);
        trained("zero_padding1d_sides", () -> new ZeroPadding1D(2, 0));
        trained("zero_padding1d_three", () -> new ZeroPadding1D(3));
        trained("zero_padding2d", ZeroPadding2D::new);
        trained("zero_padding2d_two", () -> new ZeroPadding2D(1, 2));
        trained("zero_padding2d_sides", () -> new ZeroPadding2D(1, 0, 0, 2));
        trained("up_sampling1d", UpSampling1D::new);
        trained("up_sampling1d_three", () -> new UpSampling1D(3));
        trained("up_sampling1d_one", () -> new UpSampling1D(1));
        trained("up_sampling2d", UpSampling2D::new);
        trained("up_sampling2d_sizes", () -> new UpSampling2D(1, 3));
        trained("up_sampling2d_bilinear", () -> new UpSampling2D(2, 3).interpolation(Resizing.Interpolation.BILINEAR));
        trained("resizing", () -> new Resizing(3, 7));
        trained("resizing_up", () -> new Resizing(8, 8));
        trained("resizing_nearest", () -> new Resizing(3, 7).interpolation(Resizing.Interpolation.NEAREST));
    }

    private void pools() {
        trained("max_pool1d", MaxPool1D::new);
        trained("max_pool1d_strides", () -> new MaxPool1D(3).strides(1));
        trained("max_pool1d_same", () -> new MaxPool1D(2).padding(Padding.SAME));
        trained("max_pool2d", MaxPool2D::new);
        trained("max_pool2d_strides", () -> new MaxPool2D(2, 3).strides(1, 2));
        trained("max_pool2d_same", () -> new MaxPool2D(3).strides(2).padding(Padding.SAME));
        trained("average_pool1d", () -> new AveragePool1D(2));
        trained("average_pool1d_strides", () -> new AveragePool1D(3).strides(1));
        trained("average_pool1d_same", () -> new AveragePool1D(2).padding(Padding.SAME));
        trained("average_pool2d", () -> new AveragePool2D(2));
        trained("average_pool2d_strides", () -> new AveragePool2D(2, 3).strides(1, 2));
        trained("average_pool2d_same", () -> new AveragePool2D(3).strides(2).padding(Padding.SAME));
        trained("global_max_pool1d", GlobalMaxPool1D::new);
        trained("global_max_pool1d_keepdims", () -> new GlobalMaxPool1D().keepDims(true));
        trained("global_max_pool1d_long", GlobalMaxPool1D::new);
        trained("global_max_pool2d", GlobalMaxPool2D::new);
        trained("global_max_pool2d_keepdims", () -> new GlobalMaxPool2D().keepDims(true));
        trained("global_max_pool2d_wide", GlobalMaxPool2D::new);
        trained("global_average_pool1d", GlobalAveragePool1D::new);
        trained("global_average_pool1d_keepdims", () -> new GlobalAveragePool1D().keepDims(true));
        trained("global_average_pool1d_long", GlobalAveragePool1D::new);
        trained(
                "global_average_pool1d_masked",
                () -> new Masked(
                        new GlobalAveragePool1D(),
                        (inner, pass, x) -> inner.call(pass, x.get(0)),
                        new boolean[][] {MASK[0], MASK[1]}));
        trained("global_average_pool2d", GlobalAveragePool2D::new);
        trained("global_average_pool2d_keepdims", () -> new GlobalAveragePool2D().keepDims(true));
        trained("global_average_pool2d_wide", GlobalAveragePool2D::new);
    }

    private void convolutions() {
        trained("conv1d", () -> new Conv1D(2, 3));
        trained("conv1d_causal", () -> new Conv1D(2, 3).padding(Padding.CAUSAL).dilationRate(2));
        trained("conv1d_strides", () -> new Conv1D(4, 2, TANH)
                .strides(2)
                .padding(Padding.SAME)
                .groups(2)
                .useBias(false));
        trained("conv2d", () -> new Conv2D(2, 2));
        trained("conv2d_same", () -> new Conv2D(2, 3, 2, RELU).strides(1, 2).padding(Padding.SAME));
        trained("conv2d_dilated", () -> new Conv2D(2, 2).dilationRate(2).activityRegularizer(Regularizer.l2()));
        trained("conv2d_groups", () -> new Conv2D(4, 2).groups(2).useBias(false));
        trained("conv2d_one_column", () -> new Conv2D(4, 1, 4).strides(1, 2).groups(2));
        trained("conv1d_transpose", () -> new Conv1DTranspose(2, 3));
        trained(
                "conv1d_transpose_strides",
                () -> new Conv1DTranspose(2, 2).strides(3).padding(Padding.SAME));
        trained(
                "conv1d_transpose_relu",
                () -> new Conv1DTranspose(2, 3, RELU).strides(2).useBias(false));
        trained("conv2d_transpose", () -> new Conv2DTranspose(2, 2));
        trained(
                "conv2d_transpose_strides",
                () -> new Conv2DTranspose(2, 3, 2).strides(2, 1).padding(Padding.SAME));
        trained(
                "conv2d_transpose_tanh",
                () -> new Conv2DTranspose(3, 3, TANH).strides(2).useBias(false));
        trained("depthwise_conv1d", () -> new DepthwiseConv1D(3));
        trained(
                "depthwise_conv1d_multiplier",
                () -> new DepthwiseConv1D(2).depthMultiplier(2).padding(Padding.SAME));
        trained(
                "depthwise_conv1d_strides",
                () -> new DepthwiseConv1D(2).strides(2).useBias(false));
        trained("depthwise_conv2d", () -> new DepthwiseConv2D(2));
        trained(
                "depthwise_conv2d_multiplier",
                () -> new DepthwiseConv2D(3, 2).depthMultiplier(2).padding(Padding.SAME));
        trained("depthwise_conv2d_strides", () -> new DepthwiseConv2D(2, TANH).strides(2));
        trained("separable_conv1d", () -> new SeparableConv1D(2, 3));
        trained(
                "separable_conv1d_multiplier",
                () -> new SeparableConv1D(3, 2).depthMultiplier(2).padding(Padding.SAME));
        trained(
                "separable_conv1d_strides",
                () -> new SeparableConv1D(2, 2).strides(2).useBias(false));
        trained("separable_conv2d", () -> new SeparableConv2D(2, 2));
        trained(
                "separable_conv2d_multiplier",
                () -> new SeparableConv2D(3, 2, 3).depthMultiplier(2).padding(Padding.SAME));
        trained("separable_conv2d_strides", () -> new SeparableConv2D(2, 2, TANH).strides(2));
    }

    private void sequences() {
        Map<String, Supplier<Recurrent<?>>> recurrent = new LinkedHashMap<>();
        recurrent.put("simple_rnn", () -> new SimpleRnn(3));
        recurrent.put("gru", () -> new Gru(3));
        recurrent.put("lstm", () -> new Lstm(3));
        recurrent.forEach((name, layer) -> {
            trained(name, layer);
            trained(
                    name + "_sequences",
                    () -> sequences(layer).activation(SOFTSIGN).useBias(false));
            trained(name + "_masked", () -> masked(sequences(layer)));
            trained(name + "_backwards", () -> sequences(layer).goBackwards(true));
            trained(name + "_masked_last", () -> masked(layer.get().goBackwards(true)));
        });
        trained("bidirectional", () -> new Bidirectional(() -> new Gru(2)));
        trained("bidirectional_sum", () -> new Bidirectional(() -> new Lstm(2).returnSequences(true))
                .mergeMode(MergeMode.SUM));
        trained("bidirectional_mul", () -> new Bidirectional(() -> new SimpleRnn(3).returnSequences(true))
                .mergeMode(MergeMode.MUL));
        trained(
                "bidirectional_masked",
                () -> masked(new Bidirectional(() -> new Gru(2).returnSequences(true)).mergeMode(MergeMode.AVE)));
        trained("time_distributed", () -> new TimeDistributed(new Dense(2, TANH)));
        trained("time_distributed_images", () -> new TimeDistributed(new Conv2D(2, 2)));
        trained("time_distributed_series", () -> new TimeDistributed(new GlobalAveragePool1D()));
        trained("masking", Masking::new);
        trained("masking_value", () -> new Masking(-2));
        trained("masking_none", () -> new Masking(5));
    }

    private static Recurrent<?> sequences(Supplier<Recurrent<?>> layer) {
        return layer.get().returnSequences(true);
    }

    private static MultiHeadAttention attention() {
        return new MultiHeadAttention(2, 3);
    }

    private static Layer cross(Masked.Call<MultiHeadAttention> call, boolean[][]... masks) {
        return new Masked(attention(), call, masks);
    }

    private void attentions() {
        boolean[][] none = {};
        boolean[][] queries = IntStream.range(0, MASK.length)
                .mapToObj(i -> new boolean[] {MASK[i][0], MASK[i][1], MASK[i][2]})
                .toArray(boolean[][]::new);
        trained("multi_head_attention", KerasLayers::attention);
        trained(
                "multi_head_attention_sizes",
                () -> new MultiHeadAttention(3, 2).valueDim(4).outputDim(5).useBias(false));
        trained("multi_head_attention_causal", () -> attention().useCausalMask(true));
        trained("multi_head_attention_masked", () -> masked(attention()));
        trained("multi_head_attention_masked_causal", () -> masked(attention().useCausalMask(true)));
        trained(
                "multi_head_attention_cross",
                () -> cross((inner, pass, x) -> inner.call(pass, x.get(0), x.get(1), x.get(2))));
        trained(
                "multi_head_attention_cross_masked",
                () -> cross(
                        (inner, pass, x) -> inner.call(
                                pass, x.get(0), x.get(1), x.get(2), pass.tf().constant(StdArrays.ndCopyOf(ALLOWED))),
                        none,
                        TAIL));
        trained(
                "multi_head_attention_query_masked",
                () -> cross((inner, pass, x) -> inner.call(pass, x.get(0), x.get(1), x.get(2)), queries, none, TAIL));
    }

    private void block(String name, Supplier<? extends Layer> layer) {
        add(new LayerCase(BLOCKS, name, layer, true, false, TOLERANCE));
    }

    private void reluBlock(String name, Supplier<? extends Layer> layer) {
        add(new LayerCase(BLOCKS, name, layer, true, false, TOLERANCE, false));
    }

    private void positions() {
        block("position_embedding", () -> new PositionEmbedding(5));
        block("position_embedding_shorter", () -> new PositionEmbedding(7));
        block("position_embedding_one", () -> new PositionEmbedding(2));
        block("sine_position_encoding", SinePositionEncoding::new);
        block("sine_position_encoding_odd", SinePositionEncoding::new);
        block("sine_position_encoding_waves", () -> new SinePositionEncoding().maxWavelength(50));
        block("rotary_embedding", RotaryEmbedding::new);
        block("rotary_embedding_heads", RotaryEmbedding::new);
        block("rotary_embedding_waves", () -> new RotaryEmbedding().maxWavelength(50));
        block("multi_head_attention_rotary", () -> new MultiHeadAttention(2, 4).useRotary(true));
    }

    private void blocks() {
        reluBlock("transformer_encoder", () -> new TransformerEncoder(4, 2, 6));
        block("transformer_encoder_first", () -> new TransformerEncoder(4, 2, 6)
                .activation(GELU)
                .layerNormEpsilon(0.1)
                .normalizeFirst(true));
        reluBlock("transformer_encoder_causal", () -> new TransformerEncoder(4, 1, 3).useCausalMask(true));
        reluBlock("transformer_decoder", KerasLayers::decoder);
        block("transformer_decoder_first", KerasLayers::decoderOfNormalized);
        reluBlock("transformer_decoder_cross", () -> behindEncoder(decoder()));
        block("transformer_decoder_cross_first", () -> behindEncoder(decoderOfNormalized()));
    }

    private void lora(String name, boolean ids, boolean halves, Supplier<? extends Layer> layer) {
        add(new LayerCase(LORA, name, layer, true, ids, TOLERANCE, halves));
    }

    /** What LoRA adds, and what it freezes, which has statistics in the figures. */
    private void lora() {
        lora("dense_lora", false, true, () -> new Dense(3).enableLora(2));
        lora("dense_lora_rank3_gelu", false, true, () -> new Dense(3, GELU)
                .useBias(false)
                .enableLora(4, 6));
        lora("dense_lora_penalties", false, true, () -> new Dense(3, TANH)
                .kernel(w -> w.regularizer(Regularizer.l1l2(0.1, 0.2)))
                .bias(w -> w.regularizer(Regularizer.l2()))
                .enableLora(1, 0.5));
        lora("embedding_lora", true, true, () -> new Embedding(7, 3).enableLora(2));
        lora("embedding_lora_rank3", true, true, () -> new Embedding(5, 2)
                .enableLora(3, 1)
                .embeddings(w -> w.regularizer(Regularizer.l2())));
        lora("embedding_lora_repeated", true, true, () -> new Embedding(2, 4)
                .maskZero(true)
                .enableLora(1, 2));
        lora("multi_head_attention_lora", false, true, () -> attention().enableLora(2));
        lora("multi_head_attention_lora_output", false, true, () -> attention().enableLora(2, 3, "attention_output"));
        lora("multi_head_attention_lora_all", false, true, () -> attention()
                .enableLora(2, 4, "query", "key", "value", "attention_output")
                .useBias(false));
        lora("transformer_encoder_lora", false, false, () -> new TransformerEncoder(4, 2, 6).enableLora(2));
    }

    private static TransformerDecoder decoder() {
        return new TransformerDecoder(4, 2, 6);
    }

    private static TransformerDecoder decoderOfNormalized() {
        return decoder().activation(GELU).layerNormEpsilon(0.1).normalizeFirst(true);
    }

    private static Layer behindEncoder(TransformerDecoder decoder) {
        return new Masked(decoder, (inner, pass, x) -> inner.call(pass, x.get(0), x.get(1)));
    }

    /** The names of the cases that there are figures of. */
    static List<String> figures() {
        return Stream.of(FIGURES, BLOCKS, LORA)
                .flatMap(figures -> figures.names().stream())
                .filter(name -> name.endsWith(".y"))
                .map(name -> name.substring(0, name.length() - 2))
                .sorted()
                .toList();
    }
}
