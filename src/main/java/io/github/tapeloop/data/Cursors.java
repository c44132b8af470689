package io.github.tapeloop.data;

import java.io.IOException;
import java.util.Deque;

/** What cursors over several others share. */
final class Cursors {

    private Cursors() {}

    /** Closes and removes all; the first failure is thrown when the others have been closed too. */
    static void closeAll(Deque<Cursor> cursors) throws IOException {
        if (cursors.isEmpty()) {
            return;
        }
        try (Cursor first = cursors.remove()) {
            closeAll(cursors);
        }
    }
}
