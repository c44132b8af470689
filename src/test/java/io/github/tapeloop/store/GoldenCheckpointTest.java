package io.github.tapeloop.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.account.Contents;
import io.github.tapeloop.account.TensorValue;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint16;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TType;

/**
 * A checkpoint of format 1, which every later version must read: {@code src/test/resources/checkpoints/format-1}. It was made by {@link #main};
 * a format of its own gets a directory of its own beside it, and this one stays as it is.
 */
class GoldenCheckpointTest {

    private static final Path GOLDEN = Path.of("src/test/resources/checkpoints/format-1/000001-step-500");

    @TempDir
    private Path temp;

    /** Bytes of a type. */
    private record Bytes(Class<? extends TType> type, Shape shape, byte[] values) implements TensorValue {

        @Override
        public long bytes() {
            return values.length;
        }

        @Override
        public ByteBuffer slice(long from, int length) {
            return ByteBuffer.wrap(values, (int) from, length).slice();
        }

        @Override
        public void close() {}
    }

    private static Bytes bytes(Class<? extends TType> type, int size) {
        byte[] values = new byte[2 * size];
        for (int i = 0; i < values.length; i++) {
            values[i] = (byte) (type == TBool.class ? i % 2 : 7 * i + size);
        }
        return new Bytes(type, Shape.of(2), values);
    }

    private static Moment moment() {
        Map<String, TensorValue> types = new LinkedHashMap<>();
        types.put("model/bool", bytes(TBool.class, 1));
        types.put("model/uint8", bytes(TUint8.class, 1));
        types.put("model/uint16", bytes(TUint16.class, 2));
        types.put("model/float16", bytes(TFloat16.class, 2));
        types.put("model/bfloat16", bytes(TBfloat16.class, 2));
        types.put("model/int32", bytes(TInt32.class, 4));
        types.put("model/float32", bytes(TFloat32.class, 4));
        types.put("model/float64", bytes(TFloat64.class, 8));
        types.put("model/int64", bytes(TInt64.class, 8));
        Map<String, Contents.Part> parts = new LinkedHashMap<>();
        parts.put("model", new Contents.Part(types, Map.of()));
        Moments.contents(3).parts().forEach(parts::putIfAbsent);
        parts.put("callbacks/EarlyStopping", new Contents.Part(Map.of(), Map.of()));
        return new Moment(
                500,
                Map.of("loss", 0.1, "val_loss", Double.POSITIVE_INFINITY),
                Map.of("session", "seed 7", "optimizer", "Adam"),
                new Contents(parts));
    }

    /** Makes the golden checkpoint. */
    public static void main(String[] arguments) {
        try (CheckpointDirectory directory = CheckpointDirectory.open(GOLDEN.getParent(), Retention.all())) {
            directory.save(moment()).join();
        }
    }

    @Test
    void theGoldenCheckpointIsReadAsItWasWritten() {
        Moment written = moment();
        try (Checkpoint read = CheckpointDirectory.read(GOLDEN)) {
            assertEquals(written.step(), read.step());
            assertEquals(written.scores(), read.scores());
            assertEquals(written.fingerprint(), read.fingerprint());
            assertEquals(
                    List.copyOf(written.contents().parts().keySet()),
                    List.copyOf(read.contents().parts().keySet()));
            written.contents().tensors().forEach((path, value) -> {
                TensorValue back = read.contents().tensors().get(path);
                assertEquals(value.type(), back.type(), path);
                assertEquals(value.shape(), back.shape(), path);
                assertEquals(value.slice(0, (int) value.bytes()), back.slice(0, (int) back.bytes()), path);
            });
            written.contents().parts().forEach((role, part) -> part.values().forEach((name, value) -> {
                Object back = read.contents().parts().get(role).values().get(name);
                assertArrayEquals(new Object[] {value}, new Object[] {back}, role + "/" + name);
            }));
        }
    }

    @Test
    void whatIsWrittenNowIsByteForByteTheGoldenCheckpoint() throws IOException {
        Path saved;
        try (CheckpointDirectory directory = CheckpointDirectory.open(temp, Retention.all())) {
            saved = directory.save(moment()).join();
        }
        for (String file : List.of("model.safetensors", "optimizer.safetensors", Manifest.NAME)) {
            assertEquals(-1, Files.mismatch(GOLDEN.resolve(file), saved.resolve(file)), file);
        }
    }
}
