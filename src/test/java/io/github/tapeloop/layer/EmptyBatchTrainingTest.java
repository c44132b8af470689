package io.github.tapeloop.layer;

import static io.github.tapeloop.FiniteDifferences.values;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.loss.SparseCategoricalCrossentropy;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** Steps on a batch without rows, such as custom steps make that select rows: a model comes out of them as it was. */
class EmptyBatchTrainingTest {

    private static final Shape EXAMPLE = Shape.of(9, 9, 2);

    static Stream<Arguments> models() {
        List<Supplier<Layer>> layers = List.of(
                () -> new BatchNormalization(),
                () -> new BatchNormalization().axis(1),
                () -> new DepthwiseConv2D(3),
                () -> new SeparableConv2D(2, 3),
                () -> new Conv2D(2, 3),
                () -> new Conv2DTranspose(2, 3),
                () -> new AveragePool2D(3));
        return layers.stream()
                .flatMap(make -> Stream.of(false, true).map(compiled -> Arguments.of(make.get(), compiled)));
    }

    private static Batch batch(int rows) {
        TFloat32 x = TFloat32.tensorOf(EXAMPLE.prepend(rows));
        TInt32 y = TInt32.tensorOf(Shape.of(rows));
        x.scalars().forEach(element -> element.setFloat(0.5f));
        y.scalars().forEach(element -> element.setInt(1));
        return Batch.of(x, y);
    }

    private static Map<Variable<?>, double[]> weights(TapeSession session, Model model) {
        Map<Variable<?>, double[]> values = new LinkedHashMap<>();
        try (TensorScope scope = session.scope()) {
            model.variables().forEach(weight -> values.put(weight, values(session, weight.read(session.tf()))));
        }
        return values;
    }

    @ParameterizedTest(name = "{0} compiled {1}")
    @MethodSource("models")
    void aBatchWithoutRowsLeavesTheModelAsItIs(Layer layer, boolean compiled) {
        Model model = Sequential.of(layer, new GlobalAveragePool2D(), new Dense(2));
        TrainerBuilder builder = Trainer.of(model)
                .loss(SparseCategoricalCrossentropy.fromLogits())
                .optimizer(new Sgd(0.1));
        if (compiled) {
            builder.compiled();
        }
        try (Trainer trainer = builder.build();
                Batch some = batch(2)) {
            trainer.trainOnBatch(some);
            Map<Variable<?>, double[]> before = weights(trainer.session(), model);
            for (int i = 0; i < 3; i++) {
                try (Batch none = batch(0)) {
                    trainer.trainOnBatch(none);
                } catch (IllegalArgumentException | TapeloopException e) {
                    assertTrue(e.getMessage().contains("0"), e.getMessage());
                }
            }
            Map<Variable<?>, double[]> after = weights(trainer.session(), model);
            before.forEach((weight, value) -> assertArrayEquals(value, after.get(weight), weight.name()));
        }
    }
}
