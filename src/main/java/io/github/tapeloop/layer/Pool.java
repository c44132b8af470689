package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** A layer that makes one number of each window and channel. Its window moves by its own size unless set. */
abstract class Pool<L extends Pool<L>> extends WindowLayer<L> {

    private final String opType;
    /** Whether a large window outgrows float16. */
    private final boolean sums;

    Pool(String opType, boolean series, Extent poolSize) {
        super(series, "poolSize", poolSize, poolSize);
        this.opType = opType;
        this.sums = opType.equals("AvgPool");
    }

    @Override
    final Operand<TFloat32> slide(ForwardPass pass, Ops tf, Operand<TFloat32> image) {
        return sums ? FullPrecision.compute(pass, tf, image, this::window) : window(tf, image);
    }

    private Operand<TFloat32> window(Ops tf, Operand<TFloat32> image) {
        return moving(tf, opType, padding(), image)
                .setAttr("ksize", size().overImage())
                .build()
                .output(0);
    }
}
