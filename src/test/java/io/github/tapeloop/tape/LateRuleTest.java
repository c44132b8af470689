package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.Conditional;
import io.github.tapeloop.runtime.Loop;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.Operand;
import org.tensorflow.Signature;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** A rule holds for all gradients after it was registered, also where one was computed, and something of it kept, before. */
class LateRuleTest {

    private static final List<Spec> SCALAR = List.of(new Spec(DataType.DT_FLOAT, Shape.scalar()));

    /** x², by way of something that is made once. */
    @FunctionalInterface
    private interface Square {
        Operand<TFloat32> of(Ops tf, Operand<TFloat32> x);
    }

    private static Stream<String> ways() {
        return Stream.of(
                "op",
                "function",
                "function in a function",
                "PartitionedCall",
                "Recompute",
                "CustomGradient",
                "branch",
                "loop");
    }

    private static Square square(TapeSession session, String way) {
        TracedFunction.Body body = (tf, x) -> List.of(tf.math.square(typed(x.get(0))));
        return switch (way) {
            case "function" -> {
                TracedFunction function = TracedFunction.trace(session, "square", SCALAR, body);
                yield (tf, x) -> typed(function.call(tf, List.of(x)).get(0));
            }
            case "function in a function" -> {
                TracedFunction inner = TracedFunction.trace(session, "square", SCALAR, body);
                TracedFunction outer = TracedFunction.trace(session, "outer", SCALAR, (tf, x) -> inner.call(tf, x));
                yield (tf, x) -> typed(outer.call(tf, List.of(x)).get(0));
            }
            case "PartitionedCall" -> {
                ConcreteFunction function = ConcreteFunction.create(tf -> {
                    Placeholder<TFloat32> x = tf.placeholder(TFloat32.class);
                    return Signature.builder("square")
                            .input("x", x)
                            .output("y", tf.math.square(x))
                            .build();
                });
                session.onClose(function::close);
                yield (tf, x) -> typed(tf.partitionedCall(List.of(x), List.of(TFloat32.class), function)
                        .output()
                        .get(0));
            }
            case "Recompute" ->
                (tf, x) -> typed(Recompute.call(tf, body, List.of(x)).get(0));
            case "CustomGradient" ->
                (tf, x) -> CustomGradient.<TFloat32, TFloat32>of(
                        tf,
                        (ops, v) -> ops.math.add(v, ops.constant(0f)),
                        (ops, op) -> op.propagate(0, () -> op.gradient(0)),
                        tf.math.square(x));
            case "branch" -> {
                TracedFunction function = TracedFunction.trace(
                        session,
                        "branch",
                        SCALAR,
                        (tf, x) -> Conditional.choose(
                                tf, tf.math.greater(typed(x.get(0)), tf.constant(0f)), x, body, body));
                yield (tf, x) -> typed(function.call(tf, List.of(x)).get(0));
            }
            case "loop" -> {
                TracedFunction function = TracedFunction.trace(session, "loop", SCALAR, (tf, x) -> Loop.whileLoop(
                                tf,
                                (ops, now) -> List.of(ops.math.less(typed(now.get(1)), ops.constant(1f))),
                                (ops, now) -> List.of(
                                        ops.math.square(typed(now.get(0))),
                                        ops.math.add(typed(now.get(1)), ops.constant(1f))),
                                List.of(x.get(0), tf.constant(0f)))
                        .subList(0, 1));
                yield (tf, x) -> typed(function.call(tf, List.of(x)).get(0));
            }
            default -> (tf, x) -> tf.math.square(x);
        };
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void aRuleHoldsForWhatWasDifferentiatedBefore(String way) {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build()) {
            Square square = square(session, way);
            List<Double> slopes = new ArrayList<>();
            for (float factor : new float[] {0, 100, 1000}) {
                if (factor > 0) {
                    GradientRegistry.of(session)
                            .register("Square", (tf, op) -> op.propagate(0, () -> tf.constant(factor)));
                }
                for (int again = 0; again < 2; again++) {
                    Operand<TFloat32> x = session.tf().constant(3f);
                    try (GradientTape tape = GradientTape.open(session.tf())) {
                        tape.watch(x);
                        slopes.add(session.scalar(
                                tape.gradient(square.of(session.tf(), x), x).orElseThrow()));
                    }
                }
            }
            assertEquals(List.of(6.0, 6.0, 100.0, 100.0, 1000.0, 1000.0), slopes);
        }
    }

    /** w² + x. */
    private static final class Weight extends Model {
        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            Ops tf = pass.tf();
            Variable<TFloat32> weight = weight(pass, "weight", Shape.scalar(), TFloat32.class, Initializer.constant(3));
            return tf.math.add(tf.math.square(weight.read(tf)), x);
        }
    }

    @ParameterizedTest(name = "compiled {0}")
    @ValueSource(booleans = {false, true})
    void aRuleHoldsForTheStepAfterStepsThatWereKept(boolean compiled) {
        Weight model = new Weight();
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                Trainer trainer = trainer(session, model, compiled)) {
            List<Double> weights = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                if (i == 3) {
                    GradientRegistry.of(session).register("Square", (tf, op) -> op.propagate(0, () -> tf.constant(1f)));
                }
                trainer.trainOnBatch(Batch.of(new float[1][1], new int[1]));
                Variable<?> weight = model.variables().iterator().next();
                weights.add(session.scalar(typed(weight.read(session.tf()))));
            }
            assertEquals(weights.get(1) * 0.8, weights.get(2), 1e-6);
            assertEquals(weights.get(2) - 0.1, weights.get(3), 1e-6);
        }
    }

    private static Trainer trainer(TapeSession session, Weight model, boolean compiled) {
        TrainerBuilder builder = Trainer.of(model)
                .loss((tf, target, y) -> tf.reshape(y, tf.constant(new int[0])))
                .optimizer(new Sgd(0.1))
                .session(session);
        return (compiled ? builder.compiled() : builder).build();
    }

    @SuppressWarnings("unchecked") // All operands here are float32.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }
}
