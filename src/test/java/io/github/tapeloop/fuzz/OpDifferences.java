package io.github.tapeloop.fuzz;

import io.github.tapeloop.op.OpDefs;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;

/**
 * Gradients of one call held against differences of fourth order, where those can be trusted: in float64, with finite
 * numbers, and where two steps of different width, and both sides, agree.
 */
final class OpDifferences {

    private static final int[] STEPS = {-2, -1, 1, 2};
    private static final double WIDE = 1e-3;
    private static final double NARROW = 3e-4;
    private static final double TRUSTED = 1e-5;

    /** How much of a bend is left in a step that is less than a third as wide: at a kink all of it. */
    private static final double SMOOTH = 0.6;

    private static final double ALLOWED = 1e-3;

    private final TapeSession session;
    private final RawCall call;
    private final List<Integer> moved;

    OpDifferences(TapeSession session, RawCall call) {
        this.session = session;
        this.call = call;
        this.moved = IntStream.range(0, call.arguments().size())
                .filter(i -> Tensors.isDifferentiable(call.arguments().get(i).type()))
                .boxed()
                .toList();
    }

    /** Whether differences of this call say anything. */
    boolean apply(int mostElements) {
        int elements = 0;
        for (int i : moved) {
            RawValue value = call.arguments().get(i);
            if (value.type() != DataType.DT_DOUBLE
                    || !Arrays.stream(value.numbers()).allMatch(n -> Double.isFinite(n) && Math.abs(n) < 1e3)) {
                return false;
            }
            elements += value.numbers().length;
        }
        Object type = call.attributes().get("DstT");
        boolean isRounded =
                type == DataType.DT_BFLOAT16 || type == DataType.DT_HALF; // In steps wider than a difference.
        return elements > 0
                && !isRounded
                && elements <= mostElements
                && !PassedOver.isRandom(call.type())
                && !PassedOver.isStaircase(call.type())
                && OpDefs.of(call.type()).map(def -> !def.getIsStateful()).orElse(false);
    }

    void first(List<double[]> computed, Journal journal) {
        compare(computed, this::value, "gradient-wrong", journal);
    }

    void second(List<double[]> computed, Journal journal) {
        compare(computed, this::slopes, "second-wrong", journal);
    }

    private interface Value {
        double at(List<double[]> numbers);
    }

    private void compare(List<double[]> computed, Value function, String kind, Journal journal) {
        List<double[]> numbers = new ArrayList<>();
        moved.forEach(i -> numbers.add(call.arguments().get(i).numbers().clone()));
        for (int input = 0; input < moved.size(); input++) {
            double[] x = numbers.get(input);
            double[] gradient = computed.get(input) == null ? new double[x.length] : computed.get(input);
            double largest = 1e-3;
            double[] slopes = new double[x.length];
            double[] others = new double[x.length];
            double[] kinks = new double[x.length];
            double[] bends = new double[x.length];
            try {
                for (int i = 0; i < x.length; i++) {
                    slopes[i] = slope(function, numbers, x, i, WIDE);
                    others[i] = slope(function, numbers, x, i, NARROW);
                    kinks[i] = bend(function, numbers, x, i, NARROW);
                    bends[i] = bend(function, numbers, x, i, WIDE);
                    largest = Math.max(largest, Math.abs(slopes[i]));
                }
            } catch (IllegalArgumentException | TapeloopException e) {
                journal.outcome("no differences");
                return;
            }
            for (int i = 0; i < x.length; i++) {
                boolean trusted = Double.isFinite(slopes[i])
                        && Math.abs(slopes[i] - others[i]) <= TRUSTED * largest
                        && (kinks[i] <= ALLOWED * largest || kinks[i] <= SMOOTH * bends[i]);
                if (trusted && i < gradient.length && !(Math.abs(gradient[i] - slopes[i]) <= ALLOWED * largest)) {
                    journal.finding(
                            computed.get(input) == null ? kind + "-none" : kind,
                            call + " input " + moved.get(input) + " at " + i + " tape " + gradient[i] + " difference "
                                    + slopes[i] + " all " + Arrays.toString(x));
                    return;
                }
            }
        }
        journal.outcome(kind.replace("wrong", "right"));
    }

    private static double slope(Value function, List<double[]> numbers, double[] x, int i, double step) {
        double before = x[i];
        double[] at = new double[4];
        for (int k = 0; k < 4; k++) {
            x[i] = before + STEPS[k] * step;
            at[k] = function.at(numbers);
        }
        x[i] = before;
        return (8 * (at[2] - at[1]) - (at[3] - at[0])) / (12 * step);
    }

    /** How much the slope to the right differs from that to the left. */
    private static double bend(Value function, List<double[]> numbers, double[] x, int i, double step) {
        double before = x[i];
        double here = function.at(numbers);
        x[i] = before + step;
        double right = function.at(numbers);
        x[i] = before - step;
        double left = function.at(numbers);
        x[i] = before;
        return Math.abs(right - 2 * here + left) / step;
    }

    private List<Output<?>> inputs(Ops tf, List<double[]> numbers) {
        List<Output<?>> inputs = new ArrayList<>();
        for (int i = 0; i < call.arguments().size(); i++) {
            RawValue value = call.arguments().get(i);
            int place = moved.indexOf(i);
            inputs.add(
                    place < 0 ? value.make(tf) : value.with(numbers.get(place)).make(tf));
        }
        return inputs;
    }

    private List<Output<?>> outputs(Ops tf, List<Output<?>> inputs) {
        Operation operation = call.make(tf, inputs);
        return IntStream.range(0, operation.numOutputs())
                .<Output<?>>mapToObj(operation::output)
                .toList();
    }

    private double value(List<double[]> numbers) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            return session.scalar(OpTrial.loss(tf, outputs(tf, inputs(tf, numbers))));
        }
    }

    /** One number that depends on the whole gradient. */
    private double slopes(List<double[]> numbers) {
        Ops tf = session.tf();
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            List<Output<?>> inputs = inputs(tf, numbers);
            List<Output<?>> floats = inputs.stream()
                    .filter(input -> Tensors.isDifferentiable(input.dataType()))
                    .toList();
            floats.forEach(tape::watch);
            Operand<TFloat64> loss = OpTrial.loss(tf, outputs(tf, inputs));
            List<Operand<?>> gradients = tape.gradients(List.of(loss), List.of(), floats).stream()
                    .flatMap(java.util.Optional::stream)
                    .<Operand<?>>map(gradient -> gradient)
                    .toList();
            return session.scalar(OpTrial.loss(tf, gradients));
        }
    }
}
