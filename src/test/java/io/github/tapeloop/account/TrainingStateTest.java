package io.github.tapeloop.account;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Stateful;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** One account of variables and of what is in none, and going back to an earlier moment of it. */
class TrainingStateTest {

    private final TapeSession session = TapeSession.open();
    private final Ops tf = session.tf();
    private final TrainingState state = new TrainingState(session);

    @AfterEach
    void close() {
        session.close();
    }

    /** A part with a variable for each name, and a counter beside them. */
    private final class Part implements Stateful {
        private final List<Variable<TFloat32>> variables = new ArrayList<>();
        private long count;

        Part(String... names) {
            for (String name : names) {
                add(name);
            }
        }

        final Variable<TFloat32> add(String name) {
            Variable<TFloat32> variable = Variable.create(tf, name, tf.constant(1f), false);
            variables.add(variable);
            return variable;
        }

        @Override
        public Parameters state() {
            return Parameters.of(variables);
        }

        @Override
        public void saveState(Stateful.Writer out) {
            out.put("count", count);
        }

        @Override
        public void loadState(Stateful.Reader in) {
            count = in.getLong("count");
        }
    }

    private double value(Variable<TFloat32> variable) {
        return session.scalar(variable.read(tf));
    }

    @Test
    void pathsBeginWithTheRoleAndAreUnique() {
        state.register("model", new Part("mlp/kernel"));
        state.register("optimizer", new Part("optimizer/iterations", "mlp/kernel/momentum"));
        state.register("others/0", new Part("mlp/kernel"));
        assertEquals(
                List.of(
                        "model/mlp/kernel",
                        "optimizer/iterations",
                        "optimizer/mlp/kernel/momentum",
                        "others/0/mlp/kernel"),
                List.copyOf(state.variables().keySet()));
        assertEquals(Map.of("model/count", 0L, "optimizer/count", 0L, "others/0/count", 0L), state.values());
    }

    @Test
    void aVariableOfTwoPartsIsListedOnceAndARoleIsTakenOnce() {
        Part part = new Part("w");
        state.register("model", part);
        state.register("others/0", part);
        assertEquals(List.of("model/w"), List.copyOf(state.variables().keySet()));
        assertThrows(IllegalArgumentException.class, () -> state.register("model", new Part()));
    }

    @Test
    void aSnapshotBringsBackVariablesValuesAndWhatIsMadeLater() {
        Part part = new Part("w");
        state.register("model", part);
        part.count = 3;
        try (Snapshot snapshot = state.snapshot()) {
            for (int round = 0; round < 2; round++) {
                part.count = 7;
                Variable<TFloat32> later = part.add("later" + round);
                part.variables.forEach(variable -> variable.assign(tf, tf.constant(9f)));
                snapshot.restore();
                assertEquals(3, part.count);
                assertEquals(1, value(part.variables.get(0)));
                assertEquals(1, value(later));
            }
        }
    }

    @Test
    void aPartThatWasWithdrawnIsLeftAlone() {
        Part part = new Part("w");
        state.register("callbacks/Part", part::saveState, part::loadState);
        try (Snapshot snapshot = state.snapshot()) {
            part.count = 5;
            state.withdraw("callbacks/Part");
            snapshot.restore();
            assertEquals(5, part.count);
        }
    }

    @Test
    void aValueWaitsForItsVariableUnderThePathThatItWillHave() {
        Part part = new Part();
        Part other = new Part();
        state.register("model", part);
        state.register("others/0", other);
        state.expect("model/w", () -> tf.constant(2f));
        state.expect("others/0/w", () -> tf.constant(3f));
        state.expect("model/count/x", () -> tf.constant(4f));
        assertEquals(2, value(part.add("w")));
        assertEquals(3, value(other.add("w")));
        assertEquals(1, value(part.add("w2")), "nothing waited for this one");
    }

    @Test
    void aValueThatDoesNotFitItsVariableIsRefusedAndLeavesNone() {
        Part part = new Part();
        state.register("model", part);
        state.expect("model/w", () -> tf.constant(new float[] {1, 2}));
        int before = session.liveHandles();
        IllegalArgumentException no = assertThrows(IllegalArgumentException.class, () -> part.add("w"));
        assertTrue(no.getMessage().contains("'w'"), no.getMessage());
        assertEquals(List.of(), List.copyOf(state.variables().keySet()));
        assertTrue(session.liveHandles() <= before + 2, "the two constants");
        assertEquals(1, value(part.add("w")), "the value was for the first");
    }

    @Test
    void valuesKeepTheirTypesAndNameWhatIsMissing() {
        double[] numbers = {1, Double.NaN};
        List<Stateful.Reader> seen = new ArrayList<>();
        state.register(
                "loop",
                out -> {
                    out.put("rate", 0.1);
                    out.put("stop", "asked");
                    out.put("averages", true);
                    out.put("best", numbers);
                },
                seen::add);
        try (Snapshot snapshot = state.snapshot()) {
            numbers[0] = 5;
            snapshot.restore();
        }
        Stateful.Reader in = seen.get(0);
        assertEquals(0.1, in.getDouble("rate"));
        assertEquals("asked", in.getString("stop"));
        assertTrue(in.getBoolean("averages"));
        assertArrayEquals(new double[] {1, Double.NaN}, in.getDoubles("best"));
        assertEquals(
                "Expected a Long 'loop/rate', but it is a Double",
                assertThrows(IllegalArgumentException.class, () -> in.getLong("rate"))
                        .getMessage());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> in.getLong("steps"))
                .getMessage()
                .startsWith("Expected a Long 'loop/steps', but there are [averages, "));
    }

    @Test
    void aValueIsWrittenOnce() {
        state.register(
                "loop",
                out -> {
                    out.put("steps", 1L);
                    out.put("steps", 2L);
                },
                in -> {});
        assertThrows(IllegalArgumentException.class, state::values);
    }
}
