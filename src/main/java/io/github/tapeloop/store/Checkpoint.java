package io.github.tapeloop.store;

import io.github.tapeloop.account.Contents;
import java.nio.file.Path;
import java.util.Map;

/**
 * A checkpoint on disk that was checked, every byte of it.
 *
 * @param path its directory
 * @param step how many steps were taken until then
 * @param scores what was measured last
 * @param fingerprint what a run that goes on must agree in
 * @param contents all that was saved, of which tensors are read when they are needed; to be closed
 */
public record Checkpoint(
        Path path, long step, Map<String, Double> scores, Map<String, String> fingerprint, Contents contents)
        implements AutoCloseable {

    @Override
    public void close() {
        contents.close();
    }
}
