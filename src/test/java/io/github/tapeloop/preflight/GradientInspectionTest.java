package io.github.tapeloop.preflight;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class GradientInspectionTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();
    private final Variable<TFloat32> a = Variable.create(tf, "a", tf.constant(2f), true);
    private final Variable<TFloat32> b = Variable.create(tf, "b", tf.constant(3f), true);
    private final List<GradientInspection.Inquiry> heard = new ArrayList<>();

    @AfterEach
    void close() {
        session.close();
    }

    private GradientInspection.Inquiry inspect(Function<Ops, Operand<TFloat32>> target) {
        try (TensorScope scope = session.scope();
                GradientInspection inspection = GradientInspection.open(session, heard::add);
                GradientTape tape = GradientTape.open(tf)) {
            tape.gradients(target.apply(tf), Parameters.of(List.of(a, b)));
        }
        return heard.get(0);
    }

    private static List<String> types(List<RecordedOp> ops) {
        return ops.stream().map(RecordedOp::type).toList();
    }

    @Test
    void aTargetThatAllVariablesReachHasNoCut() {
        GradientInspection.Inquiry inquiry = inspect(tf -> tf.math.mul(a.read(tf), b.read(tf)));
        assertEquals(List.of(), inquiry.cuts());
        assertEquals(List.of(), inquiry.missing());
        assertEquals(2, inquiry.gradients().orElseThrow().variables().size());
    }

    @Test
    void aVariableWithAnotherWayToTheTargetIsNotCutByAStop() {
        GradientInspection.Inquiry inquiry =
                inspect(tf -> tf.math.mul(tf.math.add(tf.stopGradient(a.read(tf)), a.read(tf)), b.read(tf)));
        assertEquals(List.of(), inquiry.cuts());
    }

    @Test
    void everyOpThatCutsAWayIsNamedAndNoneBehindIt() {
        GradientInspection.Inquiry inquiry = inspect(tf -> {
            Operand<TFloat32> stopped = tf.math.square(tf.stopGradient(tf.math.exp(a.read(tf))));
            return tf.math.mul(tf.math.add(stopped, tf.math.floor(a.read(tf))), b.read(tf));
        });
        assertEquals(1, inquiry.cuts().size());
        GradientInspection.Cut cut = inquiry.cuts().get(0);
        assertEquals(a, cut.variable());
        assertTrue(cut.used());
        assertEquals(List.of("StopGradient", "Floor"), types(cut.ops()));
    }

    @Test
    void aVariableOfWhichOnlyTheShapeIsAskedIsNotUsed() {
        GradientInspection.Inquiry inquiry = inspect(tf -> tf.math.mul(tf.zerosLike(a.read(tf)), b.read(tf)));
        assertFalse(inquiry.cuts().get(0).used());
        assertEquals(List.of(), inquiry.cuts().get(0).ops());
    }

    @Test
    void operandsFreedBeforeTheGradientsAreNoObstacle() {
        GradientInspection.Inquiry inquiry = inspect(tf -> {
            try (TensorScope inner = session.scope()) {
                tf.math.exp(a.read(tf));
            }
            return b.read(tf);
        });
        assertEquals(a, inquiry.cuts().get(0).variable());
    }

    @Test
    void oneInspectionIsOpenAtATimeAndClosedOnesHearNothing() {
        try (GradientInspection first = GradientInspection.open(session, heard::add)) {
            assertThrows(IllegalStateException.class, () -> GradientInspection.open(session, heard::add));
        }
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            tape.gradients(a.read(tf), Parameters.of(List.of(a)));
        }
        assertEquals(List.of(), heard);
    }
}
