package io.github.tapeloop.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;

/**
 * Characters of bytes, where bytes that make none are an error. All characters before them come first, so that who reads knows
 * the line of the error.
 */
final class StrictText extends Reader {

    private final InputStream in;
    private final CharsetDecoder decoder;
    private final ByteBuffer bytes = ByteBuffer.allocate(1 << 14).flip();
    private boolean ended;
    private boolean flushed;

    StrictText(InputStream in, Charset charset) {
        this.in = in;
        this.decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    @Override
    public int read(char[] out, int from, int count) throws IOException {
        CharBuffer characters = CharBuffer.wrap(out, from, count);
        int start = characters.position();
        while (characters.position() == start && !flushed) {
            CoderResult result = decoder.decode(bytes, characters, ended);
            if (result.isError() && characters.position() == start) {
                result.throwException();
            }
            if (result.isUnderflow() && ended) {
                flushed = decoder.flush(characters).isUnderflow();
            } else if (result.isUnderflow()) {
                fill();
            }
        }
        int read = characters.position() - start;
        return read == 0 && flushed ? -1 : read;
    }

    private void fill() throws IOException {
        bytes.compact();
        int read = in.read(bytes.array(), bytes.position(), bytes.remaining());
        ended = read < 0;
        bytes.position(bytes.position() + Math.max(0, read)).flip();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
