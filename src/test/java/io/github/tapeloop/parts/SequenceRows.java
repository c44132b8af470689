package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Bidirectional;
import io.github.tapeloop.layer.Bidirectional.MergeMode;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Gru;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Lstm;
import io.github.tapeloop.layer.Masking;
import io.github.tapeloop.layer.Recurrent;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.SimpleRnn;
import io.github.tapeloop.layer.TimeDistributed;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** Recurrent layers, what wraps them, and masks. */
final class SequenceRows {

    private static final Oracle FIGURES = Oracle.load("sequences.txt");
    private static final int UNITS = 4;

    private SequenceRows() {}

    static List<PartRow> rows() {
        return Stream.of(
                        recurrent(
                                "SimpleRnn",
                                "SimpleRNN",
                                "simple_rnn",
                                "activation=tanh, ",
                                () -> new SimpleRnn(UNITS),
                                () -> new SimpleRnn(UNITS).activation(Activations.SOFTSIGN)),
                        recurrent(
                                "Gru",
                                "GRU",
                                "gru",
                                "activation=tanh, recurrent_activation=sigmoid, reset_after=True, ",
                                () -> new Gru(UNITS),
                                () -> new Gru(UNITS)
                                        .activation(Activations.SOFTSIGN)
                                        .recurrentActivation(Activations.HARD_SIGMOID)),
                        recurrent(
                                "Lstm",
                                "LSTM",
                                "lstm",
                                "activation=tanh, recurrent_activation=sigmoid, unit_forget_bias=True, ",
                                () -> new Lstm(UNITS),
                                () -> new Lstm(UNITS)
                                        .activation(Activations.SOFTSIGN)
                                        .recurrentActivation(Activations.HARD_SIGMOID)),
                        dropouts(),
                        wrappers())
                .flatMap(List::stream)
                .toList();
    }

    /** A layer against sequences.py. */
    static PartRow layer(
            String part, String variant, String keras, String defaults, String figures, Supplier<Layer> layer) {
        return row(
                part,
                variant,
                keras,
                defaults,
                "PyTorch",
                new LayerCase(FIGURES, figures, layer, true, false, 1e-10)::check);
    }

    static PartRow row(String part, String variant, String keras, String defaults, String oracle, PartRow.Check check) {
        return new PartRow(PartRow.Kind.LAYER, part, variant, "layers." + keras, defaults, oracle, check);
    }

    private static List<PartRow> recurrent(
            String part,
            String keras,
            String figures,
            String defaults,
            Supplier<Recurrent<?>> plain,
            Supplier<Layer> otherActivations) {
        String all = defaults + "use_bias=True, kernel_initializer=glorot_uniform, recurrent_initializer=orthogonal,"
                + " bias_initializer=zeros, dropout=0,"
                + " recurrent_dropout=0, return_sequences=False, go_backwards=False";
        Supplier<Recurrent<?>> sequences = () -> plain.get().returnSequences(true);
        return List.of(
                layer(part, "", keras, all, figures, plain::get),
                layer(part, "returnSequences", keras, "", figures + "_sequences", sequences::get),
                layer(part, "goBackwards", keras, "", figures + "_backwards", () -> sequences
                        .get()
                        .goBackwards(true)),
                layer(part, "no bias", keras, "", figures + "_no_bias", () -> sequences
                        .get()
                        .useBias(false)),
                layer(part, "other activations", keras, "", figures + "_activations", () -> ((Recurrent<?>)
                                otherActivations.get())
                        .returnSequences(true)),
                layer(part, "masked", keras, "", figures + "_masked", () -> masked(sequences.get())),
                layer(
                        part,
                        "masked, goBackwards",
                        keras,
                        "",
                        figures + "_masked_backwards",
                        () -> masked(sequences.get().goBackwards(true))),
                layer(part, "masked, the last step", keras, "", figures + "_masked_last", () -> masked(plain.get())),
                layer(
                        part,
                        "from a state, with the last state",
                        keras,
                        "",
                        figures + "_states",
                        () -> new WithState(plain.get())));
    }

    static Layer masked(Layer layer) {
        return Sequential.of(new Masking(), layer);
    }

    /** The output and the last state beside each other. */
    private static final class WithState extends LayerCase.Several {

        private final Recurrent<?> inner;

        WithState(Recurrent<?> inner) {
            this.inner = layer(inner);
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
            Recurrent.Result result = inner.callWithState(pass, inputs.get(0), inputs.subList(1, inputs.size()));
            List<Operand<TFloat32>> parts = new ArrayList<>(List.of(result.output()));
            parts.addAll(result.state());
            return pass.tf().concat(parts, pass.tf().constant(1));
        }
    }

    private static List<PartRow> dropouts() {
        return List.of(
                row(
                        "SimpleRnn",
                        "dropout 0.5",
                        "SimpleRNN",
                        "",
                        "closed form",
                        run -> dropped(
                                run, adding(Initializer.zeros()).dropout(0.5), new double[] {0, 0, 0}, new double[] {
                                    2, 2, 2
                                })),
                row(
                        "SimpleRnn",
                        "recurrentDropout 0.5",
                        "SimpleRNN",
                        "",
                        "closed form",
                        run -> dropped(
                                run,
                                adding(Initializer.identity()).recurrentDropout(0.5),
                                new double[] {1, 1, 1},
                                new double[] {1, 3, 7})));
    }

    /** h = x + h' · recurrent kernel. */
    private static SimpleRnn adding(Initializer recurrent) {
        return new SimpleRnn(50)
                .activation(Activations.LINEAR)
                .kernel(w -> w.initializer(Initializer.identity()))
                .recurrentKernel(w -> w.initializer(recurrent));
    }

    /** Of 100 units over 3 steps of ones, about half are dropped, the same ones in all steps. */
    private static void dropped(PartRun run, SimpleRnn layer, double[] off, double[] on) {
        try (TapeSession session = run.open();
                TensorScope scope = session.scope()) {
            double[] ones = new double[300];
            Arrays.fill(ones, 1);
            layer.returnSequences(true);
            Operand<TFloat32> x = run.constant(session.tf(), Shape.of(2, 3, 50), ones);
            double[] y = run.run(
                            session,
                            List.of(x),
                            (tf, in) -> List.of(
                                    layer.call(ForwardPass.training(tf, 1, () -> tf.constant(0L)), typed(in.get(0)))))
                    .get(0);
            int kept = 0;
            for (int i = 0; i < 100; i++) {
                int start = i / 50 * 150 + i % 50;
                double[] steps = {y[start], y[start + 50], y[start + 100]};
                kept += steps[2] == on[2] ? 1 : 0;
                PartRun.assertClose(steps[2] == on[2] ? on : off, steps, 1e-6, "unit " + i);
            }
            assertEquals(50, kept, 20);
        }
    }

    @SuppressWarnings("unchecked") // The input of the row.
    static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    private static PartRow bidirectional(MergeMode mode) {
        return layer(
                "Bidirectional",
                mode + " of sequences",
                "Bidirectional",
                "",
                "bidirectional_" + mode.name().toLowerCase(java.util.Locale.ROOT),
                () -> new Bidirectional(() -> new Lstm(UNITS).returnSequences(true)).mergeMode(mode));
    }

    private static List<PartRow> wrappers() {
        List<PartRow> rows = new ArrayList<>(List.of(
                layer(
                        "Bidirectional",
                        "",
                        "Bidirectional",
                        "merge_mode=concat",
                        "bidirectional",
                        () -> new Bidirectional(() -> new Gru(UNITS))),
                layer(
                        "Bidirectional",
                        "masked",
                        "Bidirectional",
                        "",
                        "bidirectional_masked",
                        () -> masked(new Bidirectional(() -> new Gru(UNITS).returnSequences(true)))),
                layer(
                        "TimeDistributed",
                        "",
                        "TimeDistributed",
                        "",
                        "time_distributed",
                        () -> new TimeDistributed(new Dense(3, Activations.TANH))),
                layer("Masking", "", "Masking", "mask_value=0", "masking", Masking::new),
                layer("Masking", "maskValue -2", "Masking", "", "masking_value", () -> new Masking(-2)),
                row(
                        "Embedding",
                        "maskZero",
                        "Embedding",
                        "mask_zero=False",
                        "PyTorch",
                        new LayerCase(
                                FIGURES,
                                "embedding_gru",
                                () -> Sequential.of(new Embedding(7, 3).maskZero(true), new Gru(UNITS)),
                                true,
                                true,
                                1e-10)::check)));
        for (MergeMode mode : MergeMode.values()) {
            rows.add(bidirectional(mode));
        }
        return rows;
    }
}
