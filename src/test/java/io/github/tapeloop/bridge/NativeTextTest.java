package io.github.tapeloop.bridge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.ChildJava;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Variable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Ops;
import org.tensorflow.op.strings.Join;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TString;

/** Names and texts are UTF-8 in TensorFlow, whatever the charset of the platform. */
class NativeTextTest {

    private static final String NAME = "größe/précision/重み/\uD83D\uDE80";

    /** A variable found by its name in a function, a text as an attribute, one as a value, and one in a message. */
    @Test
    void namesAndTextsWithAccentsAreTheSameEverywhere() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).build();
                TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Variable<TFloat32> variable = Variable.create(tf, NAME, tf.constant(3f), true);
            assertEquals(3.0, session.scalar(variable.read(tf)));
            try (TracedFunction function =
                    TracedFunction.trace(session, "read", List.of(), (ops, none) -> List.of(variable.read(ops)))) {
                assertEquals(
                        3.0, session.scalar(float32(function.call(List.of()).get(0))));
            }
            Operand<TString> joined =
                    tf.strings.join(List.of(tf.constant("a"), tf.constant("b")), Join.separator(NAME));
            assertEquals("a" + NAME + "b", session.read(joined, text -> text.getObject()));
            assertEquals(NAME, session.read(tf.constant(NAME), text -> text.getObject()));
            OperationBuilder check = tf.scope()
                    .opBuilder("CheckNumerics", "Check")
                    .addInput(tf.constant(Float.NaN).asOutput())
                    .setAttr("message", NAME);
            OpException error = assertThrows(OpException.class, check::build);
            assertTrue(error.getMessage().contains(NAME), error.getMessage());
        }
    }

    @SuppressWarnings("unchecked") // The variable is float32.
    private static Operand<TFloat32> float32(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"US-ASCII", "ISO-8859-1", "UTF-8", "COMPAT"})
    @Tag("process")
    void thePlatformsCharsetDoesNotMatter(String charset) throws Exception {
        ChildJava.succeed(
                Duration.ofMinutes(5),
                Map.of("LC_ALL", "C"),
                List.of("-Dfile.encoding=" + charset),
                NativeTextTest.class);
    }

    /** The test above in a process of its own. */
    public static void main(String[] arguments) {
        new NativeTextTest().namesAndTextsWithAccentsAreTheSameEverywhere();
    }
}
