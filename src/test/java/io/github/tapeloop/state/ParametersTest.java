package io.github.tapeloop.state;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TString;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ParametersTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat32> z = Variable.create(tf, "z", tf.constant(new float[2][3]), true);
    private final Variable<TFloat64> a = Variable.create(tf, "a", tf.constant(1.0), false);
    private final Variable<TFloat32> m = Variable.create(tf, "m", tf.constant(new float[4]), true);

    @AfterAll
    void close() {
        session.close();
    }

    @Test
    void theOrderGivenIsKept() {
        Parameters all = Parameters.of(z, a, m);
        assertEquals(List.of("z", "a", "m"), all.names());
        List<Variable<?>> iterated = new ArrayList<>();
        all.forEach(iterated::add);
        assertEquals(List.of(z, a, m), iterated);
        assertEquals(3, all.size());
        assertEquals(6 + 1 + 4, all.elements());
        assertSame(m, all.get("m"));
    }

    @Test
    void aFilterKeepsTheOrderAndLeavesTheOriginal() {
        Parameters all = Parameters.of(List.of(z, a, m));
        assertEquals(List.of("z", "m"), all.filter(Variable::trainable).names());
        assertEquals(List.of(), all.filter(variable -> false).names());
        assertEquals(3, all.size());
    }

    @Test
    void anUnknownNameIsAnsweredWithTheKnownOnes() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> Parameters.of(z, a).get("q"));
        assertTrue(error.getMessage().contains("'q'"), error.getMessage());
        assertTrue(error.getMessage().contains("[z, a]"), error.getMessage());
    }

    @Test
    void oneNameTwiceIsRefusedEvenForOneVariable() {
        Variable<TFloat32> other = Variable.create(tf, "z", tf.constant(0f), true);
        for (Variable<?> second : List.of(other, z)) {
            IllegalArgumentException error =
                    assertThrows(IllegalArgumentException.class, () -> Parameters.of(z, second));
            assertTrue(error.getMessage().contains("'z'"), error.getMessage());
        }
    }

    @Test
    void parametersCannotBeChanged() {
        Parameters all = Parameters.of(z, a);
        Iterator<Variable<?>> iterator = all.iterator();
        iterator.next();
        assertThrows(UnsupportedOperationException.class, iterator::remove);
        assertThrows(UnsupportedOperationException.class, () -> all.names().remove("z"));
        assertEquals(2, all.size());
    }

    @Test
    void valuesAreTakenInOrderWhateverTheNames() {
        try (TensorScope scope = session.scope()) {
            Variable<TFloat32> b = Variable.create(tf, "b", tf.constant(new float[] {1, 2}), true);
            Variable<TFloat64> c = Variable.create(tf, "c", tf.constant(3.0), false);
            Variable<TFloat32> b2 = Variable.create(tf, "other/b", tf.constant(new float[2]), true);
            Variable<TFloat64> c2 = Variable.create(tf, "other/c", tf.constant(0.0), false);
            Parameters.of(b2, c2).assign(tf, Parameters.of(b, c));
            b.assign(tf, tf.constant(new float[] {7, 7}));
            assertEquals(2, session.scalar(tf.sum(b2.read(tf), tf.constant(0))) - 1);
            assertEquals(3, session.scalar(c2.read(tf)));
        }
    }

    @Test
    void valuesThatDoNotFitChangeNothing() {
        try (TensorScope scope = session.scope();
                TapeSession elsewhere = TapeSession.builder().threads(1, 1).build()) {
            Ops there = elsewhere.tf();
            Variable<TFloat64> one = Variable.create(tf, "one", tf.constant(5.0), true);
            Variable<TFloat64> foreign = Variable.create(there, "foreign", there.constant(5.0), true);
            Parameters targets = Parameters.of(a, Variable.create(tf, "b", tf.constant(2.0), true));
            for (Parameters wrong : List.of(Parameters.of(), Parameters.of(one), Parameters.of(one, z))) {
                assertThrows(IllegalArgumentException.class, () -> targets.assign(tf, wrong));
            }
            assertThrows(IllegalStateException.class, () -> Parameters.of(a, foreign)
                    .assign(tf, Parameters.of(one, targets.get("b"))));
            foreign.close();
            assertThrows(IllegalStateException.class, () -> targets.assign(tf, Parameters.of(one, foreign)));
            assertEquals(1, session.scalar(a.read(tf)));
        }
    }

    @Test
    void valuesOfAnotherSessionAreCopiedToTheBit() {
        try (TensorScope scope = session.scope();
                TapeSession elsewhere = TapeSession.builder().threads(1, 1).build()) {
            Ops there = elsewhere.tf();
            Variable<TFloat64> pi = Variable.create(there, "pi", there.constant(Math.PI), true);
            Variable<TInt64> count = Variable.create(there, "count", there.constant(Long.MAX_VALUE), false);
            Variable<TFloat64> d = Variable.create(tf, "d", tf.constant(2.0), true);
            Variable<TInt64> n = Variable.create(tf, "n", tf.constant(0L), false);
            int live = elsewhere.liveHandles();
            Parameters.of(d, n).assign(tf, Parameters.of(pi, count));
            assertEquals(Math.PI, d.toDoubles()[0]);
            assertEquals(
                    Long.MAX_VALUE,
                    session.read(n.read(tf), value -> value.getLong()).longValue());
            assertEquals(live, elsewhere.liveHandles());
            TracedFunction.trace(session, "f", List.of(), (graph, in) -> {
                        assertThrows(IllegalStateException.class, () -> Parameters.of(d)
                                .assign(graph, Parameters.of(pi)));
                        return List.of(graph.constant(0f));
                    })
                    .close();
        }
    }

    @Test
    void valuesGoOutAndInAsArraysOrNoneDoes() {
        Variable<TFloat32> w = Variable.create(tf, "w", tf.constant(new float[][] {{1, 2}, {3, 4}}), true);
        Variable<TFloat64> d = Variable.create(tf, "d", tf.constant(0.5), false);
        Parameters both = Parameters.of(w, d);
        Map<String, float[]> values = both.toFloats();
        assertEquals(List.of("w", "d"), List.copyOf(values.keySet()));
        both.assign(Map.of("w", new float[] {5, 6, 7, 8}, "d", new float[] {9}));
        assertArrayEquals(new float[] {5, 6, 7, 8}, w.toFloats());
        assertEquals(9, d.toDoubles()[0]);
        for (Map<String, float[]> wrong : List.of(
                Map.of("w", new float[4]),
                Map.of("w", new float[4], "q", new float[1]),
                Map.of("w", new float[4], "d", new float[2]))) {
            assertThrows(IllegalArgumentException.class, () -> both.assign(wrong));
        }
        assertArrayEquals(new float[] {5, 6, 7, 8}, w.toFloats());
        both.assign(values);
        assertArrayEquals(new double[] {1, 2, 3, 4}, w.toDoubles());
        d.assign(new double[] {Math.PI});
        assertEquals(Math.PI, d.toDoubles()[0]);
        Variable<TString> text = Variable.create(tf, "text", tf.constant("x"), false);
        assertThrows(IllegalArgumentException.class, () -> text.assign(new float[1]));
    }

    @Test
    void aLookUpBeforeTheFirstCallSaysWhenVariablesAreMade() {
        IllegalArgumentException error = assertThrows(
                IllegalArgumentException.class, () -> Parameters.of().get("dense/kernel"));
        assertTrue(error.getMessage().contains("when it is first called"), error.getMessage());
    }

    @Test
    void thereMayBeNone() {
        Parameters none = Parameters.of();
        assertEquals(0, none.size());
        assertEquals(0, none.elements());
        assertEquals("[]", none.toString());
    }
}
