package io.github.tapeloop.parts;

import java.util.List;
import java.util.stream.Stream;

/**
 * Where Keras 3.15 on TensorFlow is wrong, or fails, and this library is right: what who moves sees as other numbers. The
 * page of the parts has it as a table, what is met most often first.
 */
final class KerasErrors {

    /**
     * A difference.
     *
     * @param where the part, and what of it
     * @param there what Keras does
     * @param here what is done here
     */
    record Row(String where, String there, String here) {}

    private KerasErrors() {}

    static List<Row> rows() {
        return Stream.of(optimizers(), layers(), losses(), metrics(), training())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Row> optimizers() {
        return List.of(
                new Row(
                        "`Embedding` whose ids repeat in a batch, with any adaptive optimizer or clipping",
                        "squares and clips the rows before those of one id are summed: Σg² in place of (Σg)²",
                        "sums them first, as for a dense gradient; SGD, momentum and Lion agree"),
                new Row(
                        "`ScheduleFreeAdamW`",
                        "recovers x with the new z, as the old one is an alias of the variable: hardly learns",
                        "follows the formula"),
                new Row("`Muon` with a schedule", "`TypeError`", "takes one"),
                new Row("optimizers of float64 variables", "constants rounded to float32", "constants in float64"),
                new Row("`Ftrl` with a rate of 0", "NaN, and NaN for good", "leaves the variable"),
                new Row(
                        "`RMSprop(centered=True)` of gradients that hardly change",
                        "the root of a negative difference: NaN",
                        "follows the variance itself"),
                new Row(
                        "clipping by norms, `Lamb`, constraints of numbers above 1e19 or below 1e-19",
                        "squares overflow or vanish: NaN, 0 or no effect",
                        "norms in float64"),
                new Row(
                        "`LossScaleOptimizer` after many bad steps, or many good ones",
                        "a scale of 0 or ∞: no step counts any more, or weights become NaN",
                        "stays within bounds and comes back"));
    }

    private static List<Row> layers() {
        return List.of(
                new Row(
                        "`enable_lora`, then `load_weights`",
                        "zeros in both factors: neither has a gradient, so nothing is learnt, without a word",
                        "the first stays as it was drawn"),
                new Row(
                        "`Conv2D` over one channel, one place along the width, steps to the right",
                        "without groups reads past the end of memory: other numbers in each run",
                        "the numbers of float64; its gradients, `Conv2DTranspose` and `tf.nn.conv2d` as well"),
                new Row("`Embedding`, id -1", "takes the last vector", "refuses it and names the range"),
                new Row(
                        "`TimeDistributed`, activity penalty of the inner layer",
                        "drops it",
                        "adds it, divided by batch · steps"),
                new Row(
                        "recurrent layers with an initial state",
                        "drop the mask that is attached to the input",
                        "heed it"),
                new Row(
                        "recurrent layers with `go_backwards` and `return_sequences`",
                        "turn the output and leave its mask as it is",
                        "turn both"),
                new Row("`GlobalAveragePool1D`, all of a series masked", "NaN", "0"),
                new Row("`UnitNormalization` of zeros", "a slope of 1e12", "no slope"),
                new Row("orthogonal regularizer of one row", "NaN", "0"),
                new Row("`PReLU` with a shared axis of -1, on images", "shares another axis", "shares the last"),
                new Row("`RMSNormalization` along an axis other than the last", "fails", "works"),
                new Row("dilated transposed convolutions in float64 and float16", "fail on a CPU", "work"),
                new Row("an activity penalty in mixed precision", "`fit` fails", "is computed in float32"),
                new Row(
                        "`Normalization` and `Rescaling` first in mixed precision",
                        "get numbers that are rounded, or ∞: years, prices",
                        "read the input as it came"),
                new Row("`HARD_SHRINK`, `SOFT_SHRINK`, `threshold` of NaN", "a number, which hides it", "NaN"),
                new Row("`CELU`, slope at 0", "2", "1"),
                new Row("`SPARSE_PLUS`, slope at ±∞", "NaN", "1 and 0"),
                new Row(
                        "GELU, leaky ReLU, `Rescaling`, penalties and attention in float64",
                        "constants rounded to float32",
                        "constants in float64"),
                new Row("`BatchNormalization` with a mask", "divides by n + 1e-7", "divides by n"));
    }

    private static List<Row> losses() {
        return List.of(
                new Row(
                        "categorical cross-entropies with an axis other than the last and label smoothing",
                        "spread over the last axis",
                        "spread over the classes"),
                new Row(
                        "sample weights [batch] of values [batch, steps]",
                        "refused, or, if batch = steps, taken along the wrong axis",
                        "weigh the example"),
                new Row(
                        "sample weights [batch, 1] of values [batch, steps]",
                        "divides by the sum of the weights as given",
                        "as many weights as values, see `Reduction`"),
                new Row(
                        "`CategoricalGeneralizedCrossEntropy` with class numbers [batch, 1]",
                        "broadcasts to [batch, batch]",
                        "takes them as [batch]"),
                new Row("predictions of rank 1", "are reduced to one value a batch", "have a value each"),
                new Row(
                        "`LogCosh`, `CategoricalFocalCrossentropy` with several alphas, in float64",
                        "constants rounded to float32",
                        "constants in float64"),
                new Row(
                        "infinite logits, zero probabilities, infinite errors",
                        "NaN, or NaN with a gradient of 0",
                        "∞, or what the formula gives"));
    }

    private static List<Row> metrics() {
        return List.of(
                new Row("F-scores with weights [batch, 1]", "fail, or are wrong with `micro`", "as with [batch]"),
                new Row("metrics in mixed precision", "computed in float16", "computed in float32"),
                new Row(
                        "top-k of float64 predictions; IoU and squared errors with weights [batch]",
                        "refused",
                        "computed"));
    }

    private static List<Row> training() {
        return List.of(
                new Row(
                        "the loss of each of several outputs in the history",
                        "batches count alike, though the last is shorter: the parts do not add up to `loss`",
                        "weighted by examples: they add up"),
                new Row("`EarlyStopping` after a first value of NaN", "NaN stays the best for ever", "passed over"),
                new Row(
                        "`EarlyStopping(baseline=…)`, values that improve without beating it",
                        "goes on, though its documentation says that training stops",
                        "stops after `patience` epochs"),
                new Row(
                        "`EarlyStopping(restore_best_weights=True)` with `SwapEMAWeights`",
                        "keeps the raw weights, though the averages were measured",
                        "gives back the averages"),
                new Row(
                        "`gradient_accumulation_steps`, steps left over at the end of `fit`",
                        "are lost",
                        "are an update, the last one"));
    }
}
