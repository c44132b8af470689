package io.github.tapeloop.store;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Damage to a checkpoint that can be mended: bits flipped, files cut and lengthened, as disks do it; and, where somebody who knows the format
 * has made the checksums right again, as an attacker does it.
 */
public final class Damage {

    private final Path checkpoint;
    private final Random random;
    private final List<Path> files;
    private Path damaged;
    private byte[] before;
    private byte[] manifestBefore;
    private boolean isSealed;

    /** @param checkpoint the directory of one that is whole */
    public Damage(Path checkpoint, Random random) throws IOException {
        this.checkpoint = checkpoint;
        this.random = random;
        try (Stream<Path> all = Files.list(checkpoint)) {
            this.files = all.sorted().toList();
        }
    }

    /** Damages one of its files. */
    public void make() throws IOException {
        Path manifest = checkpoint.resolve(Manifest.NAME);
        damaged = files.get(random.nextInt(files.size()));
        before = Files.readAllBytes(damaged);
        manifestBefore = Files.readAllBytes(manifest);
        isSealed = random.nextBoolean();
        if (!isSealed) {
            Files.write(damaged, bad(before));
        } else if (damaged.equals(manifest)) {
            Files.write(manifest, sealed(new String(bad(bytes(body(checkpoint))), StandardCharsets.UTF_8)));
        } else {
            byte[] bad = bad(before);
            Files.write(damaged, bad);
            Files.write(manifest, sealed(withChecksumOf(damaged.getFileName(), bad)));
        }
    }

    private String withChecksumOf(Path file, byte[] bytes) throws IOException {
        String entry = "(\"" + file + "\": \\{\\s*\"bytes\": )[0-9]+(,\\s*\"crc32c\": \")[0-9a-f]{8}";
        return body(checkpoint)
                .replaceFirst(entry, String.format(Locale.ROOT, "$1%d$2%08x", bytes.length, crc32c(bytes)));
    }

    /** Whether the checksums are right, so that only what the values say can tell. */
    public boolean isSealed() {
        return isSealed;
    }

    /** Whether anything has changed. */
    public boolean isThere() throws IOException {
        return !Arrays.equals(before, Files.readAllBytes(damaged));
    }

    /** Makes it whole again. */
    public void mend() throws IOException {
        Files.write(checkpoint.resolve(Manifest.NAME), manifestBefore);
        Files.write(damaged, before);
    }

    private byte[] bad(byte[] good) {
        byte[] bad = random.nextInt(3) == 0 ? Arrays.copyOf(good, random.nextInt(2 * good.length)) : good.clone();
        for (int flips = random.nextInt(4); flips > 0 && bad.length > 0; flips--) {
            bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bad;
    }

    /** The manifest without its checksum. */
    static String body(Path checkpoint) throws IOException {
        String text = Files.readString(checkpoint.resolve(Manifest.NAME));
        return text.substring(0, text.lastIndexOf(",\n  \"crc32c\""));
    }

    /** A manifest with its checksum. */
    static byte[] sealed(String body) {
        return bytes(body + String.format(Locale.ROOT, ",\n  \"crc32c\": \"%08x\"\n}\n", crc32c(bytes(body))));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static int crc32c(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
