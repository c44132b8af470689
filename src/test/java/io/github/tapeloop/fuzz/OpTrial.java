package io.github.tapeloop.fuzz;

import io.github.tapeloop.op.OpDefs;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TapeloopException;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.TensorFlow;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.OpDef;
import org.tensorflow.types.TFloat64;

/**
 * One op of TensorFlow's at random, with its gradients: at once and in a traced function, which are to agree, and against
 * differences.
 */
final class OpTrial implements Trial {

    private static final int MOST_OUTPUTS = 200_000;

    /** Elements of inputs up to which gradients are held against differences. */
    private static final int MOST_MOVED = 24;

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(1).build();
    private final RawCalls calls;
    private final List<OpDef> defs;
    private String last = "";

    /** Which op types are tried, a regular expression: to look closer at some. */
    private final Pattern only = Pattern.compile(System.getProperty("fuzz.ops", ".*"));

    OpTrial() {
        calls = RawCalls.collect(session);
        defs = TensorFlow.registeredOpList().getOpList().stream()
                .filter(def -> !PassedOver.isPassedOver(def.getName())
                        && only.matcher(def.getName()).matches())
                .sorted(Comparator.comparing(OpDef::getName)) // TensorFlow lists them in another order each time.
                .toList();
    }

    @Override
    public void run(Dice dice, Journal journal) {
        RawCall call = call(dice);
        if (call == null) {
            journal.outcome("nothing");
            return;
        }
        if (session.liveHandles() > 20_000) {
            throw new IllegalStateException("handles " + session.leakReport());
        }
        int before = session.liveHandles();
        String words = call.toString();
        Step step = what -> journal.note(what + " " + words + " AFTER " + last);
        try (TensorScope scope = session.scope()) {
            List<double[]> eager = eager(dice, call, step, journal);
            traced(dice, call, eager, step, journal);
        }
        if (session.liveHandles() != before) {
            journal.finding("leak", session.liveHandles() - before + " handles by " + words);
        }
        last = words.substring(0, Math.min(words.length(), 300));
    }

    private interface Step {
        void next(String what);
    }

    private RawCall call(Dice dice) {
        RawCallMaker maker = new RawCallMaker(dice);
        List<String> types = calls.types().stream()
                .filter(type -> only.matcher(type).matches())
                .toList();
        if (!types.isEmpty() && dice.chance(0.6)) {
            RawCall right = dice.of(calls.of(dice.of(types)));
            return PassedOver.isPassedOver(right.type())
                    ? null
                    : maker.vary(right, OpDefs.of(right.type()).orElseThrow());
        }
        return maker.make(dice.of(defs));
    }

    private static List<Output<?>> inputs(Ops tf, RawCall call) {
        List<Output<?>> inputs = new ArrayList<>();
        for (RawValue value : call.arguments()) {
            inputs.add(value.make(tf));
        }
        return inputs;
    }

    private static List<Output<?>> outputs(Operation operation) {
        return IntStream.range(0, operation.numOutputs())
                .<Output<?>>mapToObj(operation::output)
                .toList();
    }

    /** Floating point and complex outputs, and all others that are numbers, as float64; null for what is none. */
    private static Operand<?> number(Ops tf, Output<?> output) {
        return switch (output.dataType()) {
            case DT_DOUBLE -> output;
            case DT_COMPLEX64, DT_COMPLEX128 -> {
                List<Operand<TFloat64>> parts = new ArrayList<>();
                for (String part : List.of("Real", "Imag")) {
                    Output<TFloat64> whole = tf.scope()
                            .opBuilder(part, part)
                            .addInput(RawValue.cast(tf, output, DataType.DT_COMPLEX128))
                            .setAttr("Tout", DataType.DT_DOUBLE)
                            .build()
                            .output(0);
                    parts.add(whole);
                }
                yield tf.stack(parts);
            }
            case DT_FLOAT,
                    DT_HALF,
                    DT_BFLOAT16,
                    DT_INT8,
                    DT_INT16,
                    DT_INT32,
                    DT_INT64,
                    DT_UINT8,
                    DT_UINT16,
                    DT_UINT32,
                    DT_UINT64,
                    DT_BOOL -> RawValue.cast(tf, output, DataType.DT_DOUBLE);
            default -> null;
        };
    }

    /** Outputs and gradients at once; null if the op is refused. */
    private List<double[]> eager(Dice dice, RawCall call, Step step, Journal journal) {
        Ops tf = session.tf();
        List<double[]> values = new ArrayList<>();
        try (GradientTape outer = GradientTape.persistent(tf);
                GradientTape tape = GradientTape.open(tf)) {
            step.next("inputs");
            List<Output<?>> inputs = inputs(tf, call);
            List<Output<?>> floats = inputs.stream()
                    .filter(input -> Tensors.isDifferentiable(input.dataType()))
                    .toList();
            floats.forEach(outer::watch);
            floats.forEach(tape::watch);
            step.next("eager");
            List<Output<?>> outputs = outputs(call.make(tf, inputs));
            boolean large = false;
            for (Output<?> output : outputs) {
                Operand<?> number = null;
                if (output.dataType() != DataType.DT_RESOURCE && output.dataType() != DataType.DT_VARIANT) {
                    large |= Tensors.shape(output).size() > MOST_OUTPUTS;
                    number = large ? null : number(tf, output);
                }
                values.add(number == null ? null : session.doubles(number));
            }
            journal.outcome("made");
            if (large || floats.isEmpty()) {
                return values;
            }
            step.next("loss");
            Operand<TFloat64> loss = loss(tf, outputs);
            if (loss == null) {
                return values;
            }
            step.next("gradient");
            gradients(dice, call, tape, outer, loss, floats, step, journal);
            return values;
        } catch (IllegalArgumentException | UnsupportedOperationException | TapeloopException e) {
            journal.outcome("refused");
            return values.isEmpty() ? null : values;
        }
    }

    /** Σ w (y + y²/2) of all outputs that are differentiable; null if there are none. */
    static Operand<TFloat64> loss(Ops tf, List<? extends Operand<?>> outputs) {
        List<Operand<TFloat64>> terms = new ArrayList<>();
        for (Operand<?> output : outputs) {
            if (Tensors.isDifferentiable(output.asOutput().dataType())
                    && !Tensors.shape(output).hasUnknownDimension()) {
                Operand<TFloat64> y = typed(number(tf, output.asOutput()));
                Operand<TFloat64> flat = tf.reshape(y, tf.constant(new int[] {-1}));
                double[] weights = new double[(int) Tensors.shape(flat).size()];
                Arrays.setAll(weights, i -> 1 + Math.cos(1.0 + i) / 2);
                Operand<TFloat64> curved = tf.math.add(flat, tf.math.mul(tf.constant(0.5), tf.math.square(flat)));
                terms.add(tf.sum(tf.math.mul(curved, tf.constant(weights)), tf.constant(0)));
            }
        }
        return terms.isEmpty() ? null : tf.math.addN(terms);
    }

    @SuppressWarnings("unchecked") // Cast to it just before.
    private static Operand<TFloat64> typed(Operand<?> operand) {
        return (Operand<TFloat64>) operand;
    }

    private void gradients(
            Dice dice,
            RawCall call,
            GradientTape tape,
            GradientTape outer,
            Operand<TFloat64> loss,
            List<Output<?>> floats,
            Step step,
            Journal journal) {
        List<Optional<Operand<?>>> found;
        try {
            found = tape.gradients(List.of(loss), List.of(), floats);
        } catch (OpException e) {
            journal.finding("gradient-fails", call + " " + e.getMessage());
            return;
        } catch (TapeloopException | IllegalArgumentException e) {
            journal.outcome("no gradient"); // What it says is for another test.
            return;
        }
        journal.outcome("gradient");
        List<Operand<?>> gradients = new ArrayList<>();
        for (int i = 0; i < floats.size(); i++) {
            if (found.get(i).isPresent()) {
                Operand<?> gradient = found.get(i).get();
                if (!Tensors.shape(gradient).equals(Tensors.shape(floats.get(i)))
                        || gradient.asOutput().dataType() != floats.get(i).dataType()) {
                    journal.finding("gradient-shape", call + " input " + i + " gradient " + Tensors.describe(gradient));
                }
                gradients.add(gradient);
            } else {
                gradients.add(null);
            }
        }
        step.next("differences");
        OpDifferences differences = new OpDifferences(session, call);
        if (differences.apply(MOST_MOVED)) {
            List<double[]> computed = gradients.stream()
                    .map(gradient -> gradient == null ? null : session.doubles(gradient))
                    .toList();
            differences.first(computed, journal);
        }
        if (dice.chance(0.4)) {
            step.next("second gradient");
            second(call, outer, gradients, floats, differences, step, journal);
        }
    }

    private void second(
            RawCall call,
            GradientTape tape,
            List<Operand<?>> gradients,
            List<Output<?>> floats,
            OpDifferences differences,
            Step step,
            Journal journal) {
        List<Operand<?>> made =
                gradients.stream().filter(java.util.Objects::nonNull).toList();
        Operand<TFloat64> loss = made.isEmpty() ? null : loss(session.tf(), made);
        if (loss == null) {
            return;
        }
        List<Optional<Operand<?>>> found;
        try {
            found = tape.gradients(List.of(loss), List.of(), floats);
        } catch (OpException e) {
            journal.finding("second-fails", call + " " + e.getMessage());
            return;
        } catch (TapeloopException | IllegalArgumentException e) {
            journal.outcome("no second gradient");
            return;
        }
        step.next("second differences");
        if (differences.apply(MOST_MOVED / 2)) {
            List<double[]> computed = found.stream()
                    .map(gradient -> gradient.map(session::doubles).orElse(null))
                    .toList();
            differences.second(computed, journal);
        }
    }

    private void traced(Dice dice, RawCall call, List<double[]> eager, Step step, Journal journal) {
        boolean feeds = dice.chance(0.5);
        boolean open = dice.chance(0.4);
        boolean unranked = dice.chance(0.15);
        boolean withGradient = dice.chance(0.6);
        List<Integer> fed = new ArrayList<>();
        List<TracedFunction.Spec> specs = new ArrayList<>();
        for (int i = 0; i < call.arguments().size(); i++) {
            RawValue value = call.arguments().get(i);
            if (value.canBeFed() && (value.isFloat() || feeds)) {
                fed.add(i);
                long[] shape = value.shape().clone();
                if (open && shape.length > 0) {
                    shape[dice.below(shape.length)] = -1;
                }
                specs.add(new TracedFunction.Spec(value.type(), unranked ? Shape.unknown() : Shape.of(shape)));
            }
        }
        step.next((feeds ? "trace fed" : "trace") + (open ? " open" : "") + (unranked ? " unranked" : ""));
        List<Integer> places = new ArrayList<>();
        List<double[]> results = new ArrayList<>();
        try (TracedFunction function = TracedFunction.trace(session, "trial", specs, (tf, in) -> {
            try (GradientTape tape = GradientTape.open(tf)) {
                List<Output<?>> inputs = new ArrayList<>();
                for (int i = 0; i < call.arguments().size(); i++) {
                    int place = fed.indexOf(i);
                    inputs.add(
                            place < 0
                                    ? call.arguments().get(i).make(tf)
                                    : in.get(place).asOutput());
                }
                List<Output<?>> floats = inputs.stream()
                        .filter(input -> Tensors.isDifferentiable(input.dataType()))
                        .toList();
                floats.forEach(tape::watch);
                List<Output<?>> outputs = outputs(call.make(tf, inputs));
                List<Operand<?>> numbers = new ArrayList<>();
                for (int i = 0; i < outputs.size(); i++) {
                    Operand<?> number =
                            outputs.get(i).dataType() == DataType.DT_RESOURCE ? null : number(tf, outputs.get(i));
                    if (number != null) {
                        places.add(i);
                        numbers.add(number);
                    }
                }
                if (withGradient && !floats.isEmpty()) {
                    gradientsOf(tape, outputs, floats).forEach(numbers::add);
                }
                return numbers.isEmpty() ? List.of(tf.constant(0)) : numbers;
            }
        })) {
            step.next("call of " + (feeds ? "trace fed" : "trace") + (open ? " open" : "")
                    + (unranked ? " unranked" : "") + (withGradient ? " with gradient" : ""));
            List<Operand<?>> given = new ArrayList<>();
            fed.forEach(i -> given.add(call.arguments().get(i).make(session.tf())));
            List<Output<?>> got = function.call(given);
            for (int i = 0; i < places.size(); i++) {
                results.add(Tensors.shape(got.get(i)).size() > MOST_OUTPUTS ? null : session.doubles(got.get(i)));
            }
        } catch (IllegalArgumentException | UnsupportedOperationException | TapeloopException e) {
            journal.outcome("refused traced");
            return;
        }
        if (eager == null && places.isEmpty()) {
            return; // Nothing has asked for the op.
        }
        if (eager == null) {
            journal.outcome("only traced"); // Shapes that are open are looked at less closely.
            return;
        }
        compare(call, eager, places, results, journal);
    }

    /** The gradients that there are, of what they can be asked for: numbers of all kinds. */
    private static List<Operand<?>> gradientsOf(GradientTape tape, List<Output<?>> outputs, List<Output<?>> floats) {
        List<Output<?>> targets = outputs.stream()
                .filter(output -> Tensors.isDifferentiable(output.dataType())
                        && output.dataType() != DataType.DT_COMPLEX64
                        && output.dataType() != DataType.DT_COMPLEX128)
                .toList();
        if (targets.isEmpty()) {
            return List.of();
        }
        return tape.gradients(targets, List.of(), floats).stream()
                .flatMap(Optional::stream)
                .<Operand<?>>map(gradient -> gradient)
                .filter(gradient -> gradient.asOutput().dataType() != DataType.DT_COMPLEX64
                        && gradient.asOutput().dataType() != DataType.DT_COMPLEX128)
                .toList();
    }

    private static void compare(
            RawCall call, List<double[]> eager, List<Integer> places, List<double[]> traced, Journal journal) {
        if (PassedOver.isRandom(call.type()) || PassedOver.leavesUnwritten(call.type())) {
            return;
        }
        journal.outcome("compared");
        boolean isHalf = call.arguments().stream()
                .anyMatch(value -> value.type() == DataType.DT_BFLOAT16 || value.type() == DataType.DT_HALF);
        double allowed = isHalf ? 0.02 : 1e-5; // One kernel rounds what another adds up in float32.
        for (int i = 0; i < places.size() && places.get(i) < eager.size(); i++) {
            double[] a = eager.get(places.get(i));
            double[] b = traced.get(i);
            if (a == null || b == null) {
                continue;
            }
            if (a.length != b.length) {
                journal.finding("traced-shape", call + " output " + i + " of " + a.length + " and " + b.length);
                return;
            }
            double largest = Arrays.stream(a)
                    .map(Math::abs)
                    .filter(Double::isFinite)
                    .max()
                    .orElse(0);
            boolean spoils = call.type().endsWith("Softmax") // What else of a row NaN spoils is up to a kernel.
                    && Arrays.stream(a).anyMatch(Double::isNaN)
                    && Arrays.stream(b).anyMatch(Double::isNaN);
            for (int k = 0; k < a.length; k++) {
                if (spoils && Double.isNaN(a[k] + b[k])) {
                    continue;
                }
                if (Double.compare(a[k], b[k]) != 0 && !(Math.abs(a[k] - b[k]) <= allowed * largest + 1e-6)) {
                    journal.finding("traced-differs", call + " output " + i + " at " + k + " " + a[k] + " and " + b[k]);
                    return;
                }
            }
        }
        unwritten(call, eager, journal);
    }

    /** Memory that nobody has written has a pattern that the process asked for. */
    private static void unwritten(RawCall call, List<double[]> values, Journal journal) {
        double[] patterns = {
            Float.intBitsToFloat(0xa5a5a5a5),
            Float.intBitsToFloat(0x5a5a5a5a),
            Double.longBitsToDouble(0xa5a5a5a5a5a5a5a5L),
            Double.longBitsToDouble(0x5a5a5a5a5a5a5a5aL)
        };
        for (double[] value : values) {
            for (double pattern : patterns) {
                if (value != null && Arrays.stream(value).anyMatch(number -> number == pattern)) {
                    journal.finding("unwritten", call.toString());
                    return;
                }
            }
        }
    }

    static Operand<TFloat64> constant(Ops tf, RawValue value, double[] numbers) {
        return tf.constant(Shape.of(value.shape()), DataBuffers.of(numbers, true, true));
    }
}
