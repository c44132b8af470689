package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Activations;
import io.github.tapeloop.layer.Add;
import io.github.tapeloop.layer.BatchNormalization;
import io.github.tapeloop.layer.Concatenate;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Dropout;
import io.github.tapeloop.layer.Embedding;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Functional;
import io.github.tapeloop.layer.GlobalAveragePool1D;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerNormalization;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.MultiHeadAttention;
import io.github.tapeloop.layer.MultiModel;
import io.github.tapeloop.layer.Node;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.layer.Subtract;
import io.github.tapeloop.layer.TransformerDecoder;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Adam;
import io.github.tapeloop.optimizer.Clip;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** A model of nodes is the subclass that calls the same layers, in all that it computes, and says what is wrong by name. */
class FunctionalTest {

    /** Two models that are to be the same, and how they are trained. */
    private enum Twins {
        RESIDUAL(FunctionalTest::residual, Residual::new, Problems.batches(24, 8)) {
            @Override
            TrainerBuilder trainer(Model model) {
                return Problems.trainerOf(model);
            }
        },
        HOUSE(FunctionalTest::house, House::new, houses()) {
            @Override
            TrainerBuilder trainer(Model model) {
                return Trainer.of(model)
                        .loss("price", new MeanSquaredError())
                        .loss("sold", SparseCategoricalCrossentropy.fromLogits(), 0.5)
                        .optimizer(new Adam(0.01).with(Clip.globalNorm(0.5)));
            }
        },
        MASKED(FunctionalTest::masked, Masked::new, words()) {
            @Override
            TrainerBuilder trainer(Model model) {
                return Problems.trainerOf(model);
            }
        };

        private final Supplier<Functional> functional;
        private final Supplier<Model> subclass;
        private final Batches data;

        Twins(Supplier<Functional> functional, Supplier<Model> subclass, Batches data) {
            this.functional = functional;
            this.subclass = subclass;
            this.data = data;
        }

        abstract TrainerBuilder trainer(Model model);

        List<String> curve(Model model, UnaryOperator<TrainerBuilder> way) {
            try (Trainer trainer = way.apply(
                            trainer(model.named("twin")).threads(1, 1).seed(4))
                    .build()) {
                List<String> curve = KillableRun.epochs(trainer.fit(data, Fit.epochs(2)));
                return Stream.concat(
                                curve.stream(),
                                model.variables().toFloats().entrySet().stream()
                                        .map(weight -> weight.getKey() + " " + Arrays.toString(weight.getValue())))
                        .toList();
            }
        }
    }

    private static Functional residual() {
        Node x = Node.input("input", Problems.FEATURES);
        Node wide = x.then(new Dense(6, Activations.TANH)).then(new Dropout(0.2));
        Node block = wide.then(new Dense(6, Activations.RELU)).then(new BatchNormalization());
        return Functional.of(Node.of(new Add(), wide, block).then(new Dense(Problems.CLASSES)));
    }

    private static final class Residual extends Model {
        private final Dense widen = layer(new Dense(6, Activations.TANH));
        private final Dropout dropout = layer(new Dropout(0.2));
        private final Dense dense = layer(new Dense(6, Activations.RELU));
        private final BatchNormalization norm = layer(new BatchNormalization());
        private final Add add = layer(new Add());
        private final Dense logits = layer(new Dense(Problems.CLASSES));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Operand<TFloat32> wide = dropout.call(pass, widen.call(pass, x));
            return logits.call(pass, add.call(pass, wide, norm.call(pass, dense.call(pass, wide))));
        }
    }

    private static Sequential head() {
        return Sequential.of(new Dense(4, Activations.TANH), new Dense(2));
    }

    /** Two inputs through one layer, a nested model, two outputs. */
    private static Functional house() {
        Node left = Node.input("left", 3);
        Node right = Node.input("right", 3);
        Dense shared = new Dense(4, Activations.RELU);
        Node both = Node.of(new Concatenate(), left.then(shared), right.then(shared));
        Node price = both.then(new Dense(1)).named("price");
        return Functional.of(price, both.then(head()).named("sold"));
    }

    private static final class House extends MultiModel {
        private final Dense shared = layer(new Dense(4, Activations.RELU));
        private final Concatenate both = layer(new Concatenate());
        private final Dense price = layer(new Dense(1));
        private final Sequential head = layer(head());

        @Override
        public Map<String, Operand<TFloat32>> call(ForwardPass pass, Map<String, Operand<TFloat32>> inputs) {
            Operand<TFloat32> x =
                    both.call(pass, shared.call(pass, inputs.get("left")), shared.call(pass, inputs.get("right")));
            Map<String, Operand<TFloat32>> outputs = new LinkedHashMap<>();
            outputs.put("price", price.call(pass, x));
            outputs.put("sold", head.call(pass, x));
            return outputs;
        }
    }

    private static Batches houses() {
        return Dataset.of(new Columns()
                        .input("left", ColumnData.of(numbers(16, 3)))
                        .input("right", ColumnData.of(numbers(16, 3)))
                        .target("price", ColumnData.of(numbers(16, 1)))
                        .target("sold", ColumnData.of(new int[16])))
                .batch(8);
    }

    /** A residual block over masked series: what is masked counts for nothing only if the mask comes through. */
    private static Functional masked() {
        Node ids = Node.input("input", new Spec(DataType.DT_INT32, Shape.of(-1, 5)));
        Node x = ids.then(new Embedding(7, 4).maskZero(true));
        Node attended = Node.of(new Add(), x, Node.of(new MultiHeadAttention(2, 2), x, x))
                .then(new LayerNormalization());
        Node y = Node.of(new Add(), attended, attended.then(new Dense(4, Activations.RELU)));
        return Functional.of(y.then(new GlobalAveragePool1D()).then(new Dense(Problems.CLASSES)));
    }

    private static final class Masked extends Model {
        private final Embedding embedding = layer(new Embedding(7, 4).maskZero(true));
        private final MultiHeadAttention attention = layer(new MultiHeadAttention(2, 2));
        private final Add first = layer(new Add());
        private final LayerNormalization norm = layer(new LayerNormalization());
        private final Dense dense = layer(new Dense(4, Activations.RELU));
        private final Add second = layer(new Add());
        private final GlobalAveragePool1D pool = layer(new GlobalAveragePool1D());
        private final Dense logits = layer(new Dense(Problems.CLASSES));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> ids) {
            Operand<TFloat32> x = embedding.call(pass, ids);
            Operand<TFloat32> y = norm.call(pass, first.call(pass, x, attention.call(pass, x, x)));
            Operand<TFloat32> z = second.call(pass, y, dense.call(pass, y));
            return logits.call(pass, pool.call(pass, z));
        }
    }

    private static Batches words() {
        int[][] ids = new int[12][5];
        int[] targets = new int[12];
        for (int i = 0; i < ids.length; i++) {
            targets[i] = i % Problems.CLASSES;
            for (int k = 0; k < 1 + i % 5; k++) {
                ids[i][k] = 1 + (i * 3 + k) % 6;
            }
        }
        return Dataset.of(new Columns().input(ColumnData.of(ids)).target(ColumnData.of(targets)))
                .batch(6);
    }

    private static float[][] numbers(int rows, int columns) {
        float[][] numbers = new float[rows][columns];
        for (int i = 0; i < rows * columns; i++) {
            numbers[i / columns][i % columns] = (float) Math.sin(i);
        }
        return numbers;
    }

    static Stream<Arguments> ways() {
        return Arrays.stream(Twins.values())
                .flatMap(twins -> Stream.concat(
                        Arrays.stream(Mode.values()) // A metric of one output has its name.
                                .filter(mode -> twins != Twins.HOUSE || mode != Mode.OP_BY_OP)
                                .map(mode ->
                                        Arguments.of(twins, mode.name(), (UnaryOperator<TrainerBuilder>) mode::of)),
                        Stream.of(Arguments.of(twins, "AUTO", (UnaryOperator<TrainerBuilder>)
                                builder -> builder.compiled().autoStepsPerExecution()))));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("ways")
    void aModelOfNodesTrainsAsTheSubclassDoes(Twins twins, String name, UnaryOperator<TrainerBuilder> way) {
        List<String> curve = twins.curve(twins.functional.get(), way);
        assertEquals(twins.curve(twins.subclass.get(), way), curve);
    }

    @Test
    void aMixedPrecisionRoundsBothAlike() {
        UnaryOperator<TrainerBuilder> way =
                builder -> builder.precision(DtypePolicy.MIXED_BFLOAT16).compiled();
        assertEquals(Twins.MASKED.curve(new Masked(), way), Twins.MASKED.curve(masked(), way));
    }

    @Test
    void whatIsMaskedCountsForNothingBehindResiduals() {
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            Functional model = masked();
            Ops tf = session.tf();
            ForwardPass pass = ForwardPass.inference(tf);
            Operand<TFloat32> y = pass.call(model, tf.constant(new int[][] {{1, 2, 0, 0, 0}}));
            assertEquals(List.of(), pass.droppedMasks());
            model.variables().get("functional/embedding/embeddings").assign(changed(model));
            Operand<TFloat32> again = ForwardPass.inference(tf).call(model, tf.constant(new int[][] {{1, 2, 0, 0, 0}}));
            assertEquals(Arrays.toString(session.floats(y)), Arrays.toString(session.floats(again)));
        }
    }

    /** The vectors with another one for what is masked. */
    private static float[] changed(Model model) {
        float[] vectors =
                model.variables().get("functional/embedding/embeddings").toFloats();
        Arrays.fill(vectors, 0, 4, 9);
        return vectors;
    }

    /** @param direct what the layer makes of its inputs when it is called */
    private record Several(Layer layer, int inputs, Direct direct) {
        @Override
        public String toString() {
            return layer.getClass().getSimpleName() + " of " + inputs;
        }
    }

    @FunctionalInterface
    private interface Direct {
        Operand<TFloat32> call(ForwardPass pass, List<Operand<TFloat32>> in);
    }

    static Stream<Several> several() {
        MultiHeadAttention attention = new MultiHeadAttention(2, 2);
        MultiHeadAttention byKey = new MultiHeadAttention(2, 2);
        TransformerDecoder decoder = new TransformerDecoder(4, 2, 3);
        Subtract subtract = new Subtract();
        return Stream.of(
                new Several(attention, 2, (pass, in) -> attention.call(pass, in.get(0), in.get(1))),
                new Several(byKey, 3, (pass, in) -> byKey.call(pass, in.get(0), in.get(1), in.get(2))),
                new Several(decoder, 2, (pass, in) -> decoder.call(pass, in.get(0), in.get(1))),
                new Several(subtract, 2, (pass, in) -> subtract.call(pass, in.get(0), in.get(1))));
    }

    @ParameterizedTest
    @MethodSource("several")
    void aNodeGivesALayerItsInputsInOrder(Several row) {
        Node[] nodes = new Node[row.inputs()];
        Map<String, Operand<TFloat32>> inputs = new LinkedHashMap<>();
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            for (int i = 0; i < nodes.length; i++) {
                nodes[i] = Node.input("in" + i, 3, 4);
                float[][][] value = {numbers(3, 4)};
                value[0][i][i] = 5;
                inputs.put("in" + i, tf.constant(value));
            }
            Functional model = Functional.of(Node.of(row.layer(), nodes));
            ForwardPass pass = ForwardPass.inference(tf);
            Operand<TFloat32> y = pass.call(model, inputs).get(Model.OUTPUT);
            Operand<TFloat32> expected = row.direct().call(pass, List.copyOf(inputs.values()));
            assertEquals(Arrays.toString(session.floats(expected)), Arrays.toString(session.floats(y)));
        }
    }

    @Test
    void nodesOfOneModelMakeAnother() {
        Node x = Node.input("input", Problems.FEATURES);
        Node code = x.then(new Dense(2, Activations.TANH));
        Functional auto = Functional.of(code.then(new Dense(Problems.FEATURES))).named("auto");
        Functional encoder = Functional.of(code).named("encoder");
        Functional classifier = Functional.of(code.then(new Dropout(0.1)).then(new Dense(Problems.CLASSES)));
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                Trainer trainer =
                        Problems.trainerOf(classifier).session(session).build()) {
            auto.build(session, auto.inputs());
            float[] before = encoder.variables().get("auto/dense/kernel").toFloats();
            trainer.fit(Problems.batches(16, 8), Fit.epochs(1));
            assertNotEquals(
                    Arrays.toString(before),
                    Arrays.toString(encoder.variables().get("auto/dense/kernel").toFloats()));
            assertEquals(
                    List.of(
                            "auto/dense/kernel",
                            "auto/dense/bias",
                            "functional/dense_1/kernel",
                            "functional/dense_1/bias"),
                    classifier.variables().names());
        }
    }

    @Test
    void aPartIsFrozenInTheModelOfNodesAlone() {
        Sequential generator = head().named("generator");
        Sequential critic = head().named("critic");
        Functional combined =
                Functional.of(Node.input("noise", 2).then(generator).then(critic));
        combined.trainable(critic, false);
        try (TapeSession session = TapeSession.open()) {
            combined.build(session, combined.inputs());
            assertEquals(4, combined.trainableVariables().size());
            assertEquals(4, critic.trainableVariables().size());
            assertTrue(
                    critic.variables().names().contains("functional/critic/dense/kernel"),
                    () -> critic.variables().names().toString());
        }
    }

    @Test
    void modelsWithSeveralInputsAndOutputsAreNested() {
        Functional house = house();
        Node all = Node.input("all", 6);
        Node left = all.then(new Lambda((pass, x) -> slice(pass.tf(), x, 0)));
        Node right = all.then(new Lambda((pass, x) -> slice(pass.tf(), x, 3)));
        Map<String, Node> halves = new LinkedHashMap<>();
        halves.put("left", left);
        halves.put("right", right);
        Node inner = Node.of(house, halves);
        Functional outer = Functional.of(
                Node.of(new Concatenate(), inner.output("price"), inner.output("sold"))
                        .named("both"),
                inner.output("price").named("price"));
        try (TapeSession session = TapeSession.open()) {
            assertEquals(
                    "{both=[-1, 3], price=[-1, 1]}",
                    outer.build(session, outer.inputs()).toString());
            assertEquals(8, outer.variables().size());
            String summary = outer.summary();
            assertTrue(summary.contains("functional/functional/sequential/dense (Dense)"), summary);
            assertEquals(0, summary.lines().filter(line -> line.contains("?")).count(), summary);
        }
    }

    private static Operand<TFloat32> slice(Ops tf, Operand<TFloat32> x, int from) {
        return tf.slice(x, tf.constant(new int[] {0, from}), tf.constant(new int[] {-1, 3}));
    }

    private static void assertRefused(Runnable mistake, String... words) {
        IllegalArgumentException error = assertThrows(IllegalArgumentException.class, mistake::run);
        Arrays.stream(words).forEach(word -> assertTrue(error.getMessage().contains(word), error.getMessage()));
    }

    @Test
    void mistakesNameTheNode() {
        Node left = Node.input("left", 8);
        Node right = Node.input("right", 4);
        Dense shared = new Dense(2);
        assertRefused(() -> Functional.of(), "at least one output");
        assertRefused(() -> Functional.of(left.then(shared), right.named("r")), "has no name", "named(");
        assertRefused(() -> Functional.of(left.named("a"), right.named("a")), "Two outputs are named 'a'");
        assertRefused(
                () -> Functional.of(Node.of(new Add(), left, Node.input("left", 8))), "Two inputs are named 'left'");
        assertRefused(() -> Node.of(new Add()), "needs an input");
        assertRefused(() -> Node.of(house(), left, right), "Map.of");
        assertRefused(() -> left.then(shared).output("x"), "no model");
        assertRefused(() -> Node.input("x", new Spec(DataType.DT_FLOAT, Shape.scalar())), "'x'", "batch");
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            Functional twice = Functional.of(Node.of(new Concatenate(), left.then(shared), right.then(shared)));
            assertRefused(
                    () -> twice.build(session, twice.inputs()), "'dense', call 2", "['right']", "[8, 2]", "[4, 2]");
            assertEquals(0, twice.variables().size());
            Functional dense = Functional.of(Node.of(new Dense(2), left, right));
            assertRefused(
                    () -> dense.build(session, dense.inputs()), "'dense' of ['left', 'right']", "takes one input");
            Node inner = Node.of(house(), Map.of("left", Node.input("a", 3), "right", Node.input("b", 3)));
            Functional none = Functional.of(inner);
            assertRefused(() -> none.build(session, none.inputs()), "price", "output(name)");
            Functional house = house();
            ForwardPass pass = ForwardPass.inference(session.tf());
            Operand<TFloat32> x = session.tf().constant(new float[2][3]);
            assertRefused(() -> pass.call(house, Map.of("left", x, "rigth", x)), "no input 'right'", "rigth");
            Operand<TFloat32> y = session.tf().constant(new float[2][4]);
            assertRefused(
                    () -> pass.call(house, Map.of("left", x, "right", y)), "'right'", "[-1, 3]", "float32 [2, 4]");
        }
    }

    @Test
    void aDeepNetworkIsNoRecursion() {
        Node x = Node.input("input", 2);
        Lambda same = new Lambda((pass, y) -> y);
        for (int i = 0; i < 20_000; i++) {
            x = x.then(same);
        }
        assertEquals(1, Functional.of(x).layers().size());
    }
}
