package io.github.tapeloop.tape;

import io.github.tapeloop.op.OpRecorder;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat64;

/** Calls of each op type that has a gradient, and of the ops of that gradient, as they should be: something to vary. */
public final class ValidCalls {

    private ValidCalls() {}

    /** Makes them all for a recorder, in the innermost scope of a session. */
    public static void make(TapeSession session, OpRecorder recorder) {
        Ops tf = session.tf();
        RecordingEnvironment environment = RecordingEnvironment.of(tf);
        GradientCoverageTest.rows().forEach(row -> {
            environment.startRecording(recorder);
            try (GradientTape tape = GradientTape.open(tf)) {
                List<Operand<TFloat64>> inputs = new ArrayList<>();
                for (int i = 0; i < row.inputs().size(); i++) {
                    inputs.add(GradientRow.constant(tf, row.inputs().get(i), i + 1));
                }
                inputs.forEach(tape::watch);
                tape.gradients(List.of(GradientCoverageTest.loss(tf, row, inputs)), List.of(), inputs);
            } finally {
                environment.stopRecording(recorder);
            }
        });
    }
}
