package io.github.tapeloop.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The frame of a record: its length as a little-endian uint64, the masked CRC-32C of these 8 bytes, the data, the masked
 * CRC-32C of the data.
 */
final class TfRecordFormat {

    static final int HEADER_BYTES = 12;
    static final int FOOTER_BYTES = 4;

    private static final int LENGTH_BYTES = 8;
    private static final int MASK_DELTA = 0xa282ead8;

    private TfRecordFormat() {}

    static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static void putHeader(ByteBuffer header, long length) {
        header.clear();
        header.putLong(length);
        header.putInt(maskedCrc(header.array(), LENGTH_BYTES)).flip();
    }

    static boolean isHeaderIntact(ByteBuffer header) {
        return header.getInt(LENGTH_BYTES) == maskedCrc(header.array(), LENGTH_BYTES);
    }

    /** A CRC of data that holds CRCs itself is weak; so they are rotated and shifted where they are stored. */
    static int maskedCrc(byte[] data, int length) {
        CRC32C crc = new CRC32C();
        crc.update(data, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }
}
