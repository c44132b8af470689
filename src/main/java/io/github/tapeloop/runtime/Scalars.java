package io.github.tapeloop.runtime;

import org.tensorflow.Operand;
import org.tensorflow.types.TBfloat16;
import org.tensorflow.types.TFloat16;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.TUint8;
import org.tensorflow.types.family.TNumber;
import org.tensorflow.types.family.TType;

/** Scalars of any numeric type as doubles. */
final class Scalars {

    private Scalars() {}

    static double read(TapeSession session, Operand<? extends TNumber> operand) {
        if (Tensors.rank(operand) != 0) {
            throw new IllegalArgumentException("Expected a scalar, got " + Tensors.describe(operand) + " from op "
                    + operand.op().type() + " '" + operand.op().name() + "'");
        }
        return session.read(operand, Scalars::value);
    }

    private static double value(TType tensor) {
        if (tensor instanceof TFloat32 t) {
            return t.getFloat();
        } else if (tensor instanceof TFloat64 t) {
            return t.getDouble();
        } else if (tensor instanceof TInt32 t) {
            return t.getInt();
        } else if (tensor instanceof TInt64 t) {
            return t.getLong();
        } else if (tensor instanceof TFloat16 t) {
            return t.getFloat();
        } else if (tensor instanceof TBfloat16 t) {
            return t.getFloat();
        } else if (tensor instanceof TUint8 t) {
            return t.getByte() & 0xff;
        }
        throw new IllegalArgumentException("Expected a number, got " + Tensors.name(tensor.dataType()));
    }
}
