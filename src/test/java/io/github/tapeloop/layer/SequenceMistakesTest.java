package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.FiniteDifferences;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/** Wrong options and inputs of layers over series are refused with what was expected and what was given. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SequenceMistakesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterAll
    void close() {
        session.close();
    }

    private static Arguments option(String message, Supplier<?> layer) {
        return Arguments.of(message, layer);
    }

    static Stream<Arguments> options() {
        return Stream.of(
                option("Expected SimpleRnn units of at least 1, got 0", () -> new SimpleRnn(0)),
                option("Expected Gru units of at least 1, got -1", () -> new Gru(-1)),
                option("Expected Lstm units of at least 1, got 0", () -> new Lstm(0)),
                option("Expected Lstm dropout in [0, 1), got 1.0", () -> new Lstm(1).dropout(1)),
                option("Expected Gru recurrentDropout in [0, 1), got -0.5", () -> new Gru(1).recurrentDropout(-0.5)),
                option(
                        "Bidirectional needs a layer that goes forward, got one with goBackwards(true)",
                        () -> new Bidirectional(() -> new Gru(1).goBackwards(true))),
                option("Expected MultiHeadAttention numHeads of at least 1, got 0", () -> new MultiHeadAttention(0, 1)),
                option("Expected MultiHeadAttention keyDim of at least 1, got -2", () -> new MultiHeadAttention(1, -2)),
                option("Expected MultiHeadAttention valueDim of at least 1, got 0", () -> new MultiHeadAttention(1, 1)
                        .valueDim(0)),
                option("Expected MultiHeadAttention outputDim of at least 1, got 0", () -> new MultiHeadAttention(1, 1)
                        .outputDim(0)),
                option("Expected MultiHeadAttention dropout in [0, 1), got 1.5", () -> new MultiHeadAttention(1, 1)
                        .dropout(1.5)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("options")
    void aWrongOptionIsNamedWithItsRange(String message, Supplier<?> layer) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, layer::get).getMessage());
    }

    private static Arguments call(String message, BiFunction<ForwardPass, Inputs, Object> call) {
        return Arguments.of(message, call);
    }

    /** Makes inputs of a shape. */
    private interface Inputs {
        Operand<TFloat32> of(long... sizes);
    }

    static Stream<Arguments> calls() {
        return Stream.of(
                call(
                        "(Gru) expects [batch, steps, in] with known sizes of at least 1 after the batch, got float32 [2, 3]"
                                + ": give a series of numbers a last dimension with a Reshape(steps, 1)",
                        (pass, x) -> new Gru(4).call(pass, x.of(2, 3))),
                call(
                        "(Lstm) expects 2 initial states [batch, 4] of the type of its input float32 [2, 3, 5], got"
                                + " [float32 [2, 4]]",
                        (pass, x) -> new Lstm(4).callWithState(pass, x.of(2, 3, 5), List.of(x.of(2, 4)))),
                call(
                        "(SimpleRnn) expects 1 initial state [batch, 4] of the type of its input float32 [2, 3, 5], got"
                                + " [float32 [3, 4]]",
                        (pass, x) -> new SimpleRnn(4).callWithState(pass, x.of(2, 3, 5), List.of(x.of(3, 4)))),
                call(
                        "A mask has the shape of the first dimensions of what it belongs to, got bool [2, 4] for float32"
                                + " [2, 3, 5]",
                        (pass, x) -> {
                            pass.setMask(x.of(2, 3, 5), positive(pass, x.of(2, 4)));
                            return null;
                        }),
                call("got bool [2, 3, 5, 1] for float32 [2, 3, 5]", (pass, x) -> {
                    pass.setMask(x.of(2, 3, 5), positive(pass, x.of(2, 3, 5, 1)));
                    return null;
                }),
                call(
                        "(Gru) expects a mask [batch, steps] of its input float32 [2, 3, 5], got bool [2, 3, 5]",
                        (pass, x) -> new Gru(4).call(pass, masked(pass, x.of(2, 3, 5), x.of(2, 3, 5)))),
                call(
                        "(MultiHeadAttention) expects a mask [batch, steps] of its input float32 [2, 3, 5], got bool [2]",
                        (pass, x) -> new MultiHeadAttention(1, 2).call(pass, masked(pass, x.of(2, 3, 5), x.of(2)))),
                call(
                        "(GlobalAveragePool1D) expects a mask [batch, steps] of its input float32 [2, 3, 5], got bool [2]",
                        (pass, x) -> new GlobalAveragePool1D().call(pass, masked(pass, x.of(2, 3, 5), x.of(2)))),
                call(
                        "(MultiHeadAttention) expects key [batch, steps, in] with known sizes after the batch, got float32"
                                + " [2, 3]",
                        (pass, x) -> new MultiHeadAttention(1, 2).call(pass, x.of(2, 3, 5), x.of(2, 3, 5), x.of(2, 3))),
                call(
                        "expects as many steps of the value as of the key, got value float32 [2, 3, 5] and key float32"
                                + " [2, 4, 5]",
                        (pass, x) ->
                                new MultiHeadAttention(1, 2).call(pass, x.of(2, 3, 5), x.of(2, 3, 5), x.of(2, 4, 5))),
                call(
                        "(MultiHeadAttention) expects an attentionMask [batch, queries, steps], got bool [3, 3]",
                        (pass, x) -> new MultiHeadAttention(1, 2)
                                .call(pass, x.of(2, 3, 5), x.of(2, 3, 5), x.of(2, 3, 5), positive(pass, x.of(3, 3)))),
                call("(Masking) expects [batch, steps, features], got float32 [2, 3]", (pass, x) -> new Masking()
                        .call(pass, x.of(2, 3))),
                call(
                        "(TimeDistributed) expects [batch, steps, …] with known dimensions after the batch, got float32"
                                + " [2, 3]",
                        (pass, x) -> new TimeDistributed(new Flatten()).call(pass, x.of(2, 3))));
    }

    private static Operand<TFloat32> masked(ForwardPass pass, Operand<TFloat32> x, Operand<TFloat32> mask) {
        pass.setMask(x, positive(pass, mask));
        return x;
    }

    private static Operand<TBool> positive(ForwardPass pass, Operand<TFloat32> x) {
        return pass.tf().math.greater(x, pass.tf().constant(0f));
    }

    private Operand<TFloat32> input(long... sizes) {
        Shape shape = Shape.of(sizes);
        return FiniteDifferences.constant(tf, shape, FiniteDifferences.numbers(shape.size()), TFloat32.class);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("calls")
    void aWrongInputIsDescribed(String message, BiFunction<ForwardPass, Inputs, Object> call) {
        ForwardPass pass = ForwardPass.inference(tf);
        String given = assertThrows(IllegalArgumentException.class, () -> call.apply(pass, this::input))
                .getMessage();
        assertTrue(given.contains(message), given);
    }

    @Test
    void theNumberOfStepsMustBeKnown() {
        List<TracedFunction.Spec> open =
                List.of(new TracedFunction.Spec(DataType.DT_FLOAT, Shape.of(2, Shape.UNKNOWN_SIZE, 3)));
        for (Layer layer : List.of(new Gru(4), new MultiHeadAttention(1, 2), new TimeDistributed(new Flatten()))) {
            Executable trace = () -> TracedFunction.trace(
                            session,
                            "open",
                            open,
                            (ops, in) -> List.of(layer.call(ForwardPass.inference(ops), typed(in.get(0)))))
                    .close();
            String given = assertThrows(IllegalArgumentException.class, trace).getMessage();
            assertTrue(given.contains("got float32 [2, ?, 3]") || given.contains("got float32 [2, -1, 3]"), given);
        }
    }

    @SuppressWarnings("unchecked") // The input is float32.
    private static Operand<TFloat32> typed(Operand<?> x) {
        return (Operand<TFloat32>) x;
    }

    @Test
    void optionsAreSetBeforeTheFirstCall() {
        Lstm layer = new Lstm(2);
        layer.call(ForwardPass.inference(tf), input(1, 2, 3));
        assertEquals(
                "Layer 'lstm': Lstm was used already, so its unitForgetBias cannot change any more: set it before the first"
                        + " step, or make a new Lstm",
                assertThrows(IllegalStateException.class, () -> layer.unitForgetBias(false))
                        .getMessage());
    }
}
