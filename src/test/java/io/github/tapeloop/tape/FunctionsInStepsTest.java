package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Lambda;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.optimizer.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.StatelessCase;
import org.tensorflow.op.core.StatelessIf;
import org.tensorflow.op.core.StatelessWhile;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/** Layers that call functions of TensorFlow Java, whichever method of the trainer meets them first. */
class FunctionsInStepsTest {

    private static final List<Class<? extends TType>> ONE = List.of(TFloat32.class);

    private final List<ConcreteFunction> functions = new ArrayList<>();

    @AfterEach
    void close() {
        functions.forEach(ConcreteFunction::close);
    }

    private ConcreteFunction times(String name, float factor) {
        return function(name, factor, false);
    }

    private ConcreteFunction function(String name, float factor, boolean isLess) {
        ConcreteFunction made = ConcreteFunction.create(tf -> {
            Placeholder<TFloat32> x = tf.placeholder(TFloat32.class);
            Operand<?> y = isLess
                    ? tf.math.less(
                            tf.max(tf.reshape(x, tf.constant(new int[] {-1})), tf.constant(0)), tf.constant(factor))
                    : tf.math.mul(x, tf.constant(factor));
            return Signature.builder(name).input("x", x).output("y", y).build();
        });
        functions.add(made);
        return made;
    }

    static Stream<Arguments> waysIn() {
        return Stream.of("PartitionedCall", "If", "Case", "While", "function of a function")
                .flatMap(op -> Stream.of("predict", "evaluate", "fit", "trainOnBatch")
                        .flatMap(first -> Stream.of("eager", "compiled").map(mode -> Arguments.of(op, first, mode))));
    }

    /** Two times x, for x from 1 up to where three rounds of a loop would go. */
    private Lambda twice(String op) {
        ConcreteFunction two = times("two", 2);
        ConcreteFunction three = times("three", 3);
        ConcreteFunction isSmall = function("small", 2, true);
        ConcreteFunction nested = ConcreteFunction.create(tf -> {
            Placeholder<TFloat32> x = tf.placeholder(TFloat32.class);
            return Signature.builder("nested")
                    .input("x", x)
                    .output("y", call(tf, x, two))
                    .build();
        });
        functions.add(nested);
        return new Lambda((pass, x) -> {
            Ops tf = pass.tf();
            Operand<?> y =
                    switch (op) {
                        case "If" ->
                            StatelessIf.create(tf.scope(), tf.constant(true), List.<Operand<?>>of(x), ONE, two, three)
                                    .output()
                                    .get(0);
                        case "Case" ->
                            StatelessCase.create(
                                            tf.scope(),
                                            tf.constant(1),
                                            List.<Operand<?>>of(x),
                                            ONE,
                                            List.of(three, two))
                                    .output()
                                    .get(0);
                        case "While" ->
                            StatelessWhile.create(tf.scope(), List.<Operand<?>>of(x), isSmall, two)
                                    .output()
                                    .get(0);
                        case "function of a function" -> call(tf, x, nested);
                        default -> call(tf, x, two);
                    };
            return tf.ensureShape(float32(y), Shape.of(-1, 1));
        });
    }

    private static Operand<TFloat32> call(Ops tf, Operand<TFloat32> x, ConcreteFunction function) {
        return float32(tf.partitionedCall(List.of(x), ONE, function).output().get(0));
    }

    @SuppressWarnings("unchecked") // All functions give float32.
    private static Operand<TFloat32> float32(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @ParameterizedTest(name = "{0}, {1} first, {2}")
    @MethodSource("waysIn")
    void anyMethodOfTheTrainerMayComeFirst(String op, String first, String mode) {
        Dense dense = new Dense(1).useBias(false).kernel(w -> w.initializer(Initializer.ones()));
        TrainerBuilder builder = Trainer.of(Sequential.of(dense, twice(op)))
                .loss(new MeanSquaredError())
                .optimizer(new Sgd(0));
        Batches batches = Dataset.of(new float[][] {{1}}, new float[][] {{2}}).batch(1);
        try (Trainer trainer = (mode.equals("compiled") ? builder.compiled() : builder).build()) {
            switch (first) {
                case "evaluate" -> assertEquals(0.0, trainer.evaluate(batches).get("loss"));
                case "fit" -> trainer.fit(batches, Fit.epochs(2));
                case "trainOnBatch" -> trainer.trainOnBatch(batches.iterator().next());
                default -> {}
            }
            assertEquals(2f, trainer.predict(batches).getFloat(0, 0));
            trainer.fit(batches, Fit.epochs(1));
            assertEquals(2f, trainer.predict(batches).getFloat(0, 0));
        }
    }
}
