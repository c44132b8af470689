package io.github.tapeloop.optimizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

class SparseGradientTest {

    private static final int[][] IDS = {{3, 1}, {3, 0}, {4, 4}, {1, 3}};

    private TapeSession session;
    private Ops tf;

    @BeforeEach
    void open() {
        session = TapeSession.builder().threads(1, 1).seed(3).build();
        tf = session.tf();
    }

    @AfterEach
    void close() {
        session.close();
    }

    private static double[] read(TapeSession session, Operand<TFloat64> operand) {
        return session.read(operand, tensor -> {
            double[] all = new double[(int) tensor.size()];
            tensor.asRawTensor().data().asDoubles().read(all);
            return all;
        });
    }

    private static Variable<TFloat64> table(Ops tf) {
        Operand<TFloat64> numbers = tf.range(tf.constant(0.0), tf.constant(12.0), tf.constant(1.0));
        return Variable.create(tf, "table", tf.reshape(tf.math.sin(numbers), tf.constant(new int[] {6, 2})), true);
    }

    private static Operand<TFloat64> loss(Ops tf, Operand<TFloat64> rows) {
        Operand<TFloat64> flat = tf.reshape(rows, tf.constant(new int[] {-1}));
        return tf.sum(tf.math.mul(flat, tf.math.add(flat, tf.constant(1.0))), tf.constant(0));
    }

    static Stream<Arguments> optimizers() {
        return Stream.<Supplier<Optimizer>>of(
                        () -> new Sgd(0.1),
                        () -> new Sgd(0.1).momentum(0.9),
                        () -> new Sgd(0.1).momentum(0.9).nesterov(true),
                        () -> new Adagrad(0.1),
                        () -> new Adam(0.1),
                        () -> new AdamW(0.1),
                        () -> new RmsProp(0.1),
                        () -> new Ftrl(0.1),
                        () -> ByVariable.otherwise(new Adagrad(0.1)),
                        () -> new Sgd(0.1).with(Clip.norm(0.1)),
                        () -> new Sgd(0.1).with(Clip.value(0.2)),
                        () -> new Sgd(0.1).with(Clip.globalNorm(0.1)),
                        () -> new Adagrad(0.1).with(WeightDecay.of(0.1)),
                        () -> new Sgd(0.1).with(MovingAverage.of(0.5).overwriteFrequency(2)),
                        () -> new Adagrad(0.1).with(GradientAccumulation.of(2)),
                        () -> scaled(new Sgd(0.1)))
                .map(Arguments::of);
    }

    private static Optimizer scaled(Optimizer optimizer) {
        optimizer.setLossScale(LossScale.dynamic());
        return optimizer;
    }

    /** The value after four steps; the gradient is what a tape gives, or the same made dense. */
    private static double[] train(Optimizer optimizer, boolean sparse, boolean trace) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Variable<TFloat64> table = table(session.tf());
            int before = session.liveHandles();
            TracedFunction.Body step = (ops, given) -> {
                try (GradientTape tape = GradientTape.open(ops)) {
                    @SuppressWarnings("unchecked")
                    Operand<TInt32> ids = (Operand<TInt32>) given.get(0);
                    Operand<TFloat64> loss = loss(ops, table.gather(ops, ids));
                    Gradients gradients = tape.gradients(loss, Parameters.of(table));
                    assertInstanceOf(IndexedSlices.class, gradients.of(table).orElseThrow());
                    if (optimizer.scalesLoss()) {
                        Operand<TFloat32> one = ops.constant(1f);
                        Operand<TFloat64> scale = Tensors.cast(ops, optimizer.scaleLoss(ops, one), TFloat64.class);
                        gradients = gradients.map((v, g) -> {
                            IndexedSlices<TFloat64> s = slices(g);
                            return IndexedSlices.of(ops, ops.math.mul(s.values(), scale), s.indices(), s.shape());
                        });
                    }
                    optimizer.apply(ops, sparse ? gradients : gradients.map((v, g) -> g.asOutput()));
                    return List.of(loss);
                }
            };
            TracedFunction function = null;
            for (int[] ids : IDS) {
                try (TensorScope scope = session.scope()) {
                    Operand<TInt32> argument = session.tf().constant(ids);
                    if (!trace) {
                        step.apply(session.tf(), List.of(argument));
                    } else {
                        if (function == null) {
                            function = TracedFunction.trace(
                                    session,
                                    "step",
                                    List.of(new TracedFunction.Spec(
                                            argument.asOutput().dataType(), Shape.of(-1))),
                                    step);
                        }
                        function.call(List.of(argument));
                    }
                }
            }
            int slots = 0;
            for (Variable<?> slot : optimizer.state()) {
                slots++;
            }
            assertEquals(before + slots, session.liveHandles(), "handles leaked");
            try (TensorScope scope = session.scope()) {
                return read(session, table.read(session.tf()));
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static IndexedSlices<TFloat64> slices(Operand<?> gradient) {
        return (IndexedSlices<TFloat64>) gradient;
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void rowsTrainAsTheWholeTableDoes(Supplier<Optimizer> optimizer) {
        double[] dense = train(optimizer.get(), false, false);
        assertArrayEquals(dense, train(optimizer.get(), true, false), 1e-12, "eager");
        assertArrayEquals(dense, train(optimizer.get(), true, true), 1e-12, "traced");
    }

    /** Adam by hand, where moments and value of a row change in its own steps only. */
    private static double[] lazyAdam(boolean amsgrad) {
        double[] w = new double[12];
        for (int i = 0; i < 12; i++) {
            w[i] = Math.sin(i);
        }
        double[] m = new double[12];
        double[] v = new double[12];
        double[] largest = new double[12];
        for (int t = 1; t <= IDS.length; t++) {
            double[] g = new double[12];
            for (int id : IDS[t - 1]) {
                g[2 * id] += 2 * w[2 * id] + 1;
                g[2 * id + 1] += 2 * w[2 * id + 1] + 1;
            }
            double alpha = 0.1 * Math.sqrt(1 - Math.pow(0.999, t)) / (1 - Math.pow(0.9, t));
            for (int i = 0; i < 12; i++) {
                int row = i / 2;
                if (IDS[t - 1][0] == row || IDS[t - 1][1] == row) {
                    m[i] = 0.9 * m[i] + 0.1 * g[i];
                    v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                    largest[i] = Math.max(largest[i], v[i]);
                    w[i] -= alpha * m[i] / (Math.sqrt(amsgrad ? largest[i] : v[i]) + 1e-7);
                }
            }
        }
        return w;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void lazyAdamTouchesOnlyTheRowsOfTheStep(boolean amsgrad) {
        double[] expected = lazyAdam(amsgrad);
        for (boolean trace : List.of(false, true)) {
            double[] lazy = train(new Adam(0.1).amsgrad(amsgrad).lazy(true), true, trace);
            assertArrayEquals(expected, lazy, 1e-9);
        }
        assertTrue(Math.abs(train(new Adam(0.1), true, false)[2] - expected[2]) > 1e-6, "lazy is not the default");
    }

    static Stream<Arguments> whatChangesGradients() {
        return Stream.<UnaryOperator<Optimizer>>of(
                        adam -> adam.with(Clip.norm(1e9)),
                        adam -> adam.with(Clip.globalNorm(1e9)),
                        adam -> adam.with(Clip.value(1e9)),
                        SparseGradientTest::scaled)
                .map(Arguments::of);
    }

    @ParameterizedTest
    @MethodSource("whatChangesGradients")
    void lazyAdamIsLazyWithClippedAndScaledGradients(UnaryOperator<Optimizer> with) {
        for (boolean trace : List.of(false, true)) {
            double[] lazy = train(with.apply(new Adam(0.1).lazy(true)), true, trace);
            assertArrayEquals(lazyAdam(false), lazy, 1e-9, trace ? "traced" : "eager");
        }
    }

    @Test
    void lazyMomentumTouchesOnlyTheRowsOfTheStep() {
        double[] w = new double[12];
        double[] m = new double[12];
        for (int i = 0; i < 12; i++) {
            w[i] = Math.sin(i);
        }
        for (int[] ids : IDS) {
            double[] g = new double[12];
            for (int id : ids) {
                g[2 * id] += 2 * w[2 * id] + 1;
                g[2 * id + 1] += 2 * w[2 * id + 1] + 1;
            }
            for (int i = 0; i < 12; i++) {
                if (ids[0] == i / 2 || ids[1] == i / 2) {
                    m[i] = 0.9 * m[i] - 0.1 * g[i];
                    w[i] += m[i];
                }
            }
        }
        assertArrayEquals(w, train(new Sgd(0.1).momentum(0.9).lazy(true), true, false), 1e-12);
        assertArrayEquals(w, train(new Sgd(0.1).momentum(0.9).lazy(true), true, true), 1e-12);
    }

    @Test
    void whoDoesNotKnowSlicesGetsTheWhole() {
        IndexedSlices<TFloat64> slices = IndexedSlices.of(
                tf,
                tf.constant(new double[][] {{1, 2}, {3, 4}, {5, 6}}),
                tf.constant(new int[] {2, 0, 2}),
                Shape.of(4, 2));
        assertArrayEquals(new double[] {3, 4, 0, 0, 6, 8, 0, 0}, read(session, slices));
        assertArrayEquals(new double[] {-3, -4, 0, 0, -6, -8, 0, 0}, read(session, tf.math.neg(slices)), 1e-15);
        assertEquals(slices.asOutput(), slices.asOutput());
        IndexedSlices<TFloat64> twice = slices.plus(slices);
        assertArrayEquals(new double[] {6, 8, 0, 0, 12, 16, 0, 0}, read(session, twice));
        assertArrayEquals(
                new double[] {12, 16, 6, 8}, read(session, twice.summed(tf).values()));
        try (TensorScope scope = session.scope()) {
            read(session, twice);
        }
        assertArrayEquals(new double[] {6, 8, 0, 0, 12, 16, 0, 0}, read(session, twice.summed(tf)));
    }

    @Test
    void slicesThatDoNotFitAreRefused() {
        Operand<TFloat64> rows = tf.constant(new double[][] {{1, 2}});
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class,
                () -> IndexedSlices.of(tf, rows, tf.constant(new int[] {1, 2}), Shape.of(4, 2)));
        assertTrue(error.getMessage().contains("float64 [1, 2]"), error.getMessage());
        assertThrows(
                IllegalArgumentException.class,
                () -> IndexedSlices.of(tf, rows, tf.constant(new int[] {1}), Shape.of(-1, 2)));
        Variable<TFloat64> table = table(tf);
        IndexedSlices<TFloat64> other = IndexedSlices.of(tf, rows, tf.constant(new int[] {1}), Shape.of(4, 2));
        Gradients wrong = Gradients.of(List.of(table), List.of(Optional.of(other)));
        error = assertThrows(IllegalArgumentException.class, () -> new Sgd().apply(tf, wrong));
        assertTrue(error.getMessage().contains("table"), error.getMessage());
    }

    @Test
    void aTableLookedUpTwiceHasBothRowsAndOneReadOtherwiseTheWhole() {
        Variable<TFloat64> table = table(tf);
        try (GradientTape tape = GradientTape.persistent(tf)) {
            Operand<TFloat64> first = table.gather(tf, tf.constant(new int[][] {{1, 2}, {2, 3}}));
            Operand<TFloat64> second = tf.gather(table.read(tf), tf.constant(new int[] {2}), tf.constant(0));
            Operand<TFloat64> total = tf.math.add(loss(tf, first), loss(tf, second));
            IndexedSlices<TFloat64> both =
                    slices(tape.gradients(total, Parameters.of(table)).of(table).orElseThrow());
            assertEquals(Shape.of(5, 2), both.values().shape());
            double[] whole = new double[12];
            for (int row : new int[] {1, 2, 2, 3, 2}) {
                for (int i = 2 * row; i < 2 * row + 2; i++) {
                    whole[i] += 2 * Math.sin(i) + 1;
                }
            }
            assertArrayEquals(whole, read(session, both), 1e-12);
            Operand<TFloat64> dense = tf.math.add(total, loss(tf, table.read(tf)));
            for (int i = 0; i < 12; i++) {
                whole[i] += 2 * Math.sin(i) + 1;
            }
            assertArrayEquals(
                    whole,
                    read(
                            session,
                            tape.gradients(dense, Parameters.of(table))
                                    .of(table)
                                    .orElseThrow()),
                    1e-12);
        }
    }

    @Test
    @Tag("alone")
    void anEmbeddingOfAMillionRowsTrainsWithoutADenseGradient() {
        Shape whole = Shape.of(1_000_000, 32);
        int batch = 128;
        Embedding embedding = new Embedding(1_000_000, 32);
        double dense = microsOfStep(embedding, new Sgd(0.1), batch, true);
        System.out.printf("embedding 1,000,000 x 32, batch %d, dense Sgd: %.0f µs a step%n", batch, dense);
        OpRecorder noWhole = op -> {
            for (int i = 0; i < op.outputs(); i++) {
                assertTrue(!Tensors.shape(op.output(i)).equals(whole), op.type() + " made a dense tensor");
            }
        };
        for (Optimizer optimizer : List.of(new Sgd(0.1), new Adam(0.1).lazy(true), new Adagrad(0.1))) {
            step(embedding, optimizer, batch, false); // Makes the slots.
            RecordingEnvironment.of(tf).startRecording(noWhole);
            int before = session.liveHandles();
            step(embedding, optimizer, batch, false);
            assertEquals(before, session.liveHandles());
            RecordingEnvironment.of(tf).stopRecording(noWhole);
            double sparse = microsOfStep(embedding, optimizer, batch, false);
            System.out.printf(
                    "embedding 1,000,000 x 32, batch %d, %s: %.0f µs a step%n",
                    batch, optimizer.getClass().getSimpleName(), sparse);
            assertTrue(sparse < dense / 2, sparse + " µs a step, not much less than " + dense);
        }
    }

    /** The median of some steps. */
    private double microsOfStep(Embedding embedding, Optimizer optimizer, int batch, boolean dense) {
        long[] nanos = new long[15];
        for (int i = 0; i < nanos.length; i++) {
            long start = System.nanoTime();
            step(embedding, optimizer, batch, dense);
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        return nanos[nanos.length / 2] / 1e3;
    }

    private void step(Embedding embedding, Optimizer optimizer, int batch, boolean dense) {
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            int[] ids = new int[batch];
            for (int i = 0; i < batch; i++) {
                ids[i] = (i * 7919) % 1_000_000;
            }
            @SuppressWarnings("unchecked")
            Operand<TFloat32> x = (Operand<TFloat32>) (Operand<?>) tf.constant(ids);
            Operand<TFloat32> rows = embedding.call(ForwardPass.training(tf), x);
            Operand<TFloat32> flat = tf.reshape(tf.math.square(rows), tf.constant(new int[] {-1}));
            Operand<TFloat32> loss = tf.sum(flat, tf.constant(0));
            Gradients gradients = tape.gradients(loss, embedding.trainableVariables());
            optimizer.apply(tf, dense ? gradients.map((v, g) -> g.asOutput()) : gradients);
        }
    }
}
