package io.github.tapeloop.lifetime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** All is closed, whatever fails. */
class ClosingActionsTest {

    private final List<String> closed = new ArrayList<>();
    private final RuntimeException first = new IllegalStateException("first");
    private final Error second = new AssertionError("second");

    private void close(String part) {
        closed.add(part);
        if (part.equals("b")) {
            throw first;
        }
        if (part.equals("c")) {
            throw second;
        }
    }

    @Test
    void eachPartIsClosedInOrderAndLaterFailuresAreSuppressedInTheFirst() {
        RuntimeException thrown = assertThrows(
                RuntimeException.class, () -> ClosingActions.each(List.of("a", "b", "c", "d"), this::close));
        assertSame(first, thrown);
        assertArrayEquals(new Throwable[] {second}, thrown.getSuppressed());
        assertEquals(List.of("a", "b", "c", "d"), closed);
    }

    @Test
    void actionsAreDoneInReverseOrderAndLaterFailuresAreSuppressedInTheFirst() {
        ClosingActions actions = new ClosingActions();
        for (String part : List.of("a", "b", "c", "d")) {
            actions.add(() -> close(part));
        }
        Error thrown = assertThrows(AssertionError.class, actions::run);
        assertSame(second, thrown);
        assertArrayEquals(new Throwable[] {first}, thrown.getSuppressed());
        assertEquals(List.of("d", "c", "b", "a"), closed);
    }

    @Test
    void whereNothingFailsNothingIsThrown() {
        ClosingActions.each(List.of("a", "d"), this::close);
        assertEquals(List.of("a", "d"), closed);
    }
}
