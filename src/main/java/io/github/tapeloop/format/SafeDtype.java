package io.github.tapeloop.format;

/**
 * A type of tensors as safetensors has it. The order is that of the reference implementation, whose writer puts later ones first: so
 * values are aligned.
 */
public enum SafeDtype {
    BOOL(8),
    F4(4),
    F6_E2M3(6),
    F6_E3M2(6),
    U8(8),
    I8(8),
    F8_E5M2(8),
    F8_E4M3(8),
    F8_E8M0(8),
    F8_E4M3FNUZ(8),
    F8_E5M2FNUZ(8),
    I16(16),
    U16(16),
    F16(16),
    BF16(16),
    I32(32),
    U32(32),
    F32(32),
    C64(64),
    F64(64),
    I64(64),
    U64(64);

    private final int bits;

    SafeDtype(int bits) {
        this.bits = bits;
    }

    static SafeDtype named(String dtype, String tensor) throws FormatException {
        for (SafeDtype known : values()) {
            if (known.name().equals(dtype)) {
                return known;
            }
        }
        throw new FormatException("Expected a dtype of safetensors for '" + tensor + "', F32 for example, got "
                + JsonParser.shortened(dtype));
    }

    /** How many bytes a tensor of this type takes. */
    long bytes(long[] shape, String tensor) throws FormatException {
        try {
            long elements = 1;
            for (long dimension : shape) {
                elements = Math.multiplyExact(elements, dimension);
            }
            long all = Math.multiplyExact(elements, bits);
            if (all % Byte.SIZE == 0) {
                return all / Byte.SIZE;
            }
        } catch (ArithmeticException e) {
            throw new FormatException("Expected a size of '" + tensor + "' below 2^63 bits, got more", e);
        }
        throw new FormatException("Expected '" + tensor + "' to fill whole bytes, as tensors of " + this + " must");
    }
}
