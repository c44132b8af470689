package io.github.tapeloop.data;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** A gzip file, of one member, in which the same piece stands again and again: it is compressed once, however large the file. */
final class RepeatedGzip {

    private RepeatedGzip() {}

    static Path write(Path file, byte[] head, byte[] piece, int times) throws IOException {
        CRC32 crc = new CRC32();
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(file))) {
            out.write(new byte[] {0x1f, (byte) 0x8b, Deflater.DEFLATED, 0, 0, 0, 0, 0, 0, (byte) 255});
            append(out, head, 1, crc);
            append(out, piece, times, crc);
            out.write(new byte[] {3, 0}); // An empty last block.
            out.writeInt(Integer.reverseBytes((int) crc.getValue()));
            out.writeInt(Integer.reverseBytes(head.length + piece.length * times)); // Modulo 2^32.
        }
        return file;
    }

    /** After a full flush nothing refers to what was before, so that the bytes may be repeated. */
    private static void append(OutputStream out, byte[] piece, int times, CRC32 crc) throws IOException {
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        deflater.setInput(piece);
        byte[] room = new byte[piece.length + 100];
        byte[] deflated = Arrays.copyOf(room, deflater.deflate(room, 0, room.length, Deflater.FULL_FLUSH));
        deflater.end();
        for (int i = 0; i < times; i++) {
            out.write(deflated);
            crc.update(piece);
        }
    }
}
