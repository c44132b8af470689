package io.github.tapeloop.preflight;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Variable;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;

/** An observer of the values that a trial step computes, op by op, while they live. */
final class TrialValues implements OpRecorder, AutoCloseable {

    /** Ops that take a variable and leave it as it is. */
    private static final Set<String> READERS =
            Set.of("ReadVariableOp", "VariableShape", "ResourceGather", "ResourceGatherNd", "VarIsInitializedOp");

    static final String SPARSE_CROSS_ENTROPY = "SparseSoftmaxCrossEntropyWithLogits";

    private final TapeSession session;
    private final Set<Operation> changed = Collections.newSetFromMap(new IdentityHashMap<>());
    private final LogitsCheck logits = new LogitsCheck();
    private final boolean thorough;
    private boolean convolves;
    private String notFinite;
    private String badLabels;
    private String lastOp;

    /** The smallest and the largest of some numbers. */
    record Range(double least, double most) {}

    /** @param thorough whether to look for the op that first makes what is not finite, which reads all values */
    TrialValues(TapeSession session, boolean thorough) {
        this.session = session;
        this.thorough = thorough;
        RecordingEnvironment.of(session.tf()).startRecording(this);
    }

    @Override
    public void record(RecordedOp op) {
        lastOp = op.type() + " '" + op.name() + "'";
        noteChange(op);
        convolves |= op.type().startsWith("Conv");
        logits.note(op, this);
        if (op.type().equals(SPARSE_CROSS_ENTROPY)) {
            noteLabels(op);
        }
        if (thorough && notFinite == null && !op.type().equals("Const")) {
            noteFinite(op);
        }
    }

    private void noteChange(RecordedOp op) {
        for (int k = 0; k < op.inputs() && !READERS.contains(op.type()); k++) {
            if (Tensors.dataType(op.input(k)) == DataType.DT_RESOURCE) {
                changed.add(op.input(k).op());
            }
        }
    }

    /** On a GPU a label outside the range is no error. */
    private void noteLabels(RecordedOp op) {
        long classes = Tensors.shape(op.input(0)).get(-1);
        Range labels = range(op.input(1));
        if (labels.least() < 0 || labels.most() >= classes) {
            badLabels = op.name();
        }
    }

    private void noteFinite(RecordedOp op) {
        for (int k = 0; k < op.outputs(); k++) {
            if (!isFinite(op.output(k)) && inputsAreFinite(op)) {
                notFinite = op.type() + " '" + op.name() + "'";
                return;
            }
        }
    }

    private boolean inputsAreFinite(RecordedOp op) {
        for (int k = 0; k < op.inputs(); k++) {
            if (!isFinite(op.input(k))) {
                return false;
            }
        }
        return true;
    }

    /** The first op that made values that are not finite from finite ones. */
    Optional<String> firstNotFinite() {
        return Optional.ofNullable(notFinite);
    }

    /** The op that ran last. */
    Optional<String> lastOp() {
        return Optional.ofNullable(lastOp);
    }

    /** What was taken for logits or probabilities and is not, by the op that made it. */
    Map<String, String> mistakenLogits() {
        return logits.mistakes();
    }

    /** Whether there was a convolution. */
    boolean convolves() {
        return convolves;
    }

    /** The op that made a value, before it was brought into another form. */
    Operation maker(Operand<?> value) {
        return logits.maker(value.asOutput());
    }

    /** Whether all elements are whole numbers. */
    boolean isWhole(Operand<TFloat32> numbers) {
        boolean[] whole = new boolean[1];
        session.unrecorded(() -> {
            Ops tf = session.tf();
            whole[0] = isZero(tf.math.sub(numbers, tf.math.rint(numbers)));
        });
        return whole[0];
    }

    /** The sparse cross-entropy that was given labels which are no classes. */
    Optional<String> badLabels() {
        return Optional.ofNullable(badLabels);
    }

    /** Whether an op changed a variable, or may have. */
    boolean isChanged(Variable<?> variable) {
        return changed.contains(variable.handle(session.tf()).op());
    }

    /** Whether all elements are finite, which those of other types than floating point are. */
    boolean isFinite(Operand<?> operand) {
        return switch (Tensors.dataType(operand)) {
            case DT_FLOAT, DT_DOUBLE, DT_HALF, DT_BFLOAT16 -> {
                boolean[] finite = new boolean[1];
                session.unrecorded(() -> {
                    Ops tf = session.tf();
                    Operand<TBool> each = tf.math.isFinite(flat(tf, operand));
                    finite[0] = session.read(tf.reduceAll(each, tf.constant(0)), TBool::getBoolean);
                });
                yield finite[0];
            }
            default -> true;
        };
    }

    /** Whether all elements are 0. */
    boolean isZero(Operand<?> operand) {
        Range range = range(operand);
        return range.least() == 0 && range.most() == 0;
    }

    /** Whether all rows are the same. */
    boolean areAlike(Operand<?> rows) {
        boolean[] alike = new boolean[1];
        session.unrecorded(() -> {
            Ops tf = session.tf();
            Operand<TFloat64> numbers = Tensors.cast(tf, rows.asOutput(), TFloat64.class);
            Operand<TInt32> batch = tf.constant(0);
            alike[0] = isZero(tf.math.sub(tf.max(numbers, batch), tf.min(numbers, batch)));
        });
        return alike[0];
    }

    /** The range of numbers; NaN of none. */
    Range range(Operand<?> numbers) {
        if (Tensors.shape(numbers).size() == 0) {
            return new Range(Double.NaN, Double.NaN);
        }
        double[] ends = new double[2];
        session.unrecorded(() -> {
            Ops tf = session.tf();
            Operand<TFloat64> flat = flat(tf, numbers);
            ends[0] = session.scalar(tf.min(flat, tf.constant(0)));
            ends[1] = session.scalar(tf.max(flat, tf.constant(0)));
        });
        return new Range(ends[0], ends[1]);
    }

    private static Operand<TFloat64> flat(Ops tf, Operand<?> operand) {
        Output<?> output = operand.asOutput();
        return tf.reshape(Tensors.cast(tf, output, TFloat64.class), tf.constant(new int[] {-1}));
    }

    @Override
    public void close() {
        RecordingEnvironment.of(session.tf()).stopRecording(this);
    }
}
