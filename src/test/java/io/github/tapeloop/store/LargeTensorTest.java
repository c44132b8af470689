package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TensorValue;
import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.nio.file.Path;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TInt64;

/** A variable that is larger than any buffer of Java goes out and comes back. */
@Tag("slow")
class LargeTensorTest {

    private static final int GIGABYTES = 3;
    private static final int CHUNK = 1 << 26;

    @TempDir
    private Path temp;

    private static long sum(TensorValue value) {
        CRC32C crc = new CRC32C();
        for (long at = 0; at < value.bytes(); at += CHUNK) {
            crc.update(value.slice(at, (int) Math.min(CHUNK, value.bytes() - at)));
        }
        return crc.getValue();
    }

    private static Variable<TInt64> variable(TapeSession session, long first) {
        Ops tf = session.tf();
        long size = ((long) GIGABYTES << 30) / Long.BYTES;
        return Variable.create(
                tf, "large", tf.range(tf.constant(first), tf.constant(first + size), tf.constant(1L)), false);
    }

    private static TrainingState account(TapeSession session, Variable<?> variable) {
        TrainingState state = new TrainingState(session);
        state.register("model", () -> Parameters.of(variable));
        return state;
    }

    @Test
    void threeGigabytesGoOutAndComeBack() {
        long expected;
        try (TapeSession session = TapeSession.open();
                CheckpointDirectory directory = CheckpointDirectory.open(temp, Retention.newest())) {
            Variable<TInt64> large = variable(session, 7);
            Contents contents = account(session, large).capture();
            expected = sum(contents.tensors().get("model/large"));
            directory.save(new Moment(1, Map.of(), Map.of(), contents)).join();
        }
        try (TapeSession session = TapeSession.open();
                Checkpoint read = CheckpointDirectory.read(temp)) {
            assertTrue(read.contents().bytes() > Integer.MAX_VALUE);
            Variable<TInt64> large = variable(session, 0);
            TrainingState state = account(session, large);
            state.restore(read.contents());
            try (Contents back = state.capture()) {
                assertEquals(expected, sum(back.tensors().get("model/large")));
            }
        }
    }
}
