package io.github.tapeloop.fuzz;

import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/** One layer, loss, metric or optimizer with any settings, on any input: at once and traced, which are to agree. */
final class PartTrial implements Trial {

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(1).build();

    private final List<Class<? extends Layer>> layers = RandomParts.all(Layer.class).stream()
            .filter(type -> !Model.class.isAssignableFrom(type))
            .toList();

    private final List<Class<? extends Loss>> losses = RandomParts.all(Loss.class);
    private final List<Class<? extends Metric>> metrics = RandomParts.all(Metric.class);
    private final List<Class<? extends Optimizer>> optimizers = RandomParts.all(Optimizer.class).stream()
            .filter(type -> type != ByVariable.class)
            .toList();
    private final List<LayerKind> kinds = LayerKind.all().toList();

    @Override
    public void run(Dice dice, Journal journal) throws Exception {
        int before = session.liveHandles();
        int which = dice.below(20);
        String words;
        try {
            words = some(which, dice, journal);
        } catch (OutOfMemoryError e) {
            journal.finding("memory", String.valueOf(e));
            return;
        }
        if (session.liveHandles() != before) {
            journal.finding("leak", session.liveHandles() - before + " handles by " + words);
        }
    }

    private String some(int which, Dice dice, Journal journal) throws ReflectiveOperationException {
        String words;
        if (which < 10) {
            words = layer(dice, journal);
        } else if (which < 13) {
            words = loss(dice, journal);
        } else if (which < 16) {
            words = metric(dice, journal);
        } else {
            words = optimizer(dice, journal);
        }
        return words;
    }

    private static RawValue input(Dice dice, DataType type, long... shape) {
        return new RawCallMaker(dice).value(type, shape);
    }

    private static DataType type(Dice dice) {
        return dice.oneOf(
                DataType.DT_FLOAT,
                DataType.DT_FLOAT,
                DataType.DT_FLOAT,
                DataType.DT_FLOAT,
                DataType.DT_DOUBLE,
                DataType.DT_DOUBLE,
                DataType.DT_HALF,
                DataType.DT_INT32,
                DataType.DT_INT64,
                DataType.DT_BOOL);
    }

    private static long[] shape(Dice dice) {
        long[] shape = new long[dice.of(1, 2, 2, 3, 3, 4, 4, 5)];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = dice.chance(0.06) ? 0 : dice.of(1, 2, 3, 4, 5, 6, 8);
        }
        return shape;
    }

    @SuppressWarnings("unchecked") // Parts follow the type they get at run time.
    private static Operand<TFloat32> typed(Operand<?> operand) {
        return (Operand<TFloat32>) operand;
    }

    @SuppressWarnings("unchecked") // As above.
    private static Operand<? extends TNumber> number(Operand<?> operand) {
        return (Operand<? extends TNumber>) operand;
    }

    private static void refused(RuntimeException e, String words, Journal journal) {
        journal.outcome("refused");
        if (e.getMessage() == null || e.getMessage().isBlank()) {
            journal.finding("no-words", words + " " + e);
        }
    }

    private String layer(Dice dice, Journal journal) throws ReflectiveOperationException {
        RandomParts parts = new RandomParts(dice, dice.chance(0.5));
        Layer layer = null;
        String words = "";
        try {
            long[] shape = shape(dice);
            DataType type = type(dice);
            if (dice.chance(0.4)) {
                LayerKind kind = dice.of(kinds);
                layer = kind.make().get();
                words = "kind " + kind;
                shape = kind.small().prepend(dice.between(0, 3)).asArray();
                type = kind.takesIds() ? DataType.DT_INT32 : dice.oneOf(DataType.DT_FLOAT, DataType.DT_DOUBLE);
            } else {
                Class<? extends Layer> made = dice.of(layers);
                journal.note("make " + made);
                layer = parts.make(made);
                words = parts.words();
            }
            RawValue x = input(dice, type, shape);
            words += " on " + x;
            journal.note(words);
            call(layer, x, words, dice, journal);
        } catch (RandomParts.Unmakable e) {
            journal.finding("unmakable", e.getMessage());
        } catch (RuntimeException e) {
            accept(e, parts.words() + words, journal);
        } finally {
            if (layer != null) {
                close(layer);
            }
        }
        return words;
    }

    private static void close(Layer layer) {
        try {
            layer.variables().forEach(Variable::close);
        } catch (IllegalStateException e) {
            // It was never called, and has none.
        }
    }

    private static void accept(RuntimeException e, String words, Journal journal) {
        if (e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof UnsupportedOperationException
                || e.getClass().getName().startsWith("io.github.tapeloop")) {
            refused(e, words, journal);
        } else {
            journal.finding("threw", words + " " + e + " at " + TrialLoop.place(e));
        }
    }

    private void call(Layer layer, RawValue x, String words, Dice dice, Journal journal) {
        List<double[]> eager;
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            eager = read(results(layer, tf, x.make(tf), false));
        }
        journal.outcome("called");
        journal.note("traced " + words);
        boolean open = dice.chance(0.5);
        long[] shape = x.shape().clone();
        if (open) {
            shape[0] = -1;
        }
        try (TensorScope scope = session.scope();
                TracedFunction function = TracedFunction.trace(
                        session,
                        "trial",
                        List.of(new TracedFunction.Spec(x.type(), Shape.of(shape))),
                        (tf, in) -> results(layer, tf, in.get(0), false))) {
            List<double[]> traced = read(function.call(List.of(x.make(session.tf()))));
            if (!(PassedOver.isBlindToNaN(layer) && x.hasNaN())) {
                compare("layer", words, eager, traced, x.hasNaN(), journal);
            }
        } catch (RuntimeException e) {
            refusedTraced(e, open, x, words, journal);
        }
        journal.note("training " + words);
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            read(results(layer, tf, x.make(tf), true));
        }
        journal.note("traced training " + words);
        try (TensorScope scope = session.scope();
                TracedFunction function = TracedFunction.trace(
                        session,
                        "trial",
                        List.of(new TracedFunction.Spec(x.type(), Shape.of(shape))),
                        (tf, in) -> results(layer, tf, in.get(0), true))) {
            read(function.call(List.of(x.make(session.tf()))));
        } catch (RuntimeException e) {
            refusedTraced(e, open, x, words, journal);
        }
    }

    /** Of an open batch a layer may refuse what it takes of a known one: a weight for each example, for instance. */
    private static void refusedTraced(RuntimeException e, boolean open, RawValue x, String words, Journal journal) {
        accept(e, words, journal);
        boolean isKnown = String.valueOf(e.getMessage()).contains("needs known sizes") || PassedOver.isOfNoImages(x, e);
        if (!open || !isKnown) {
            journal.finding("traced-refused", words + " " + e);
        }
    }

    /** Output, and gradients of input and weights. */
    private List<Operand<?>> results(Layer layer, Ops tf, Operand<?> x, boolean training) {
        try (GradientTape tape = GradientTape.persistent(tf)) {
            boolean smooth = Tensors.isDifferentiable(x.asOutput().dataType());
            if (smooth) {
                tape.watch(x);
            }
            ForwardPass pass =
                    training ? ForwardPass.training(tf, 1, () -> tf.constant(0L)) : ForwardPass.inference(tf);
            Operand<TFloat32> y = LayerKind.call(layer, pass, typed(x));
            List<Operand<?>> results = new ArrayList<>(List.of(y));
            List<Operand<?>> sources = new ArrayList<>();
            if (smooth) {
                sources.add(x);
            }
            if (Tensors.isDifferentiable(y.asOutput().dataType())) {
                Operand<TFloat64> exact = Tensors.cast(tf, y, TFloat64.class);
                Operand<TFloat64> flat = tf.reshape(exact, tf.constant(new int[] {-1}));
                Operand<TFloat64> loss =
                        tf.sum(tf.math.add(flat, tf.math.mul(tf.constant(0.5), tf.math.square(flat))), tf.constant(0));
                tape.gradients(List.of(loss), List.of(), sources).stream()
                        .flatMap(Optional::stream)
                        .forEach(results::add);
                Gradients gradients = tape.gradients(loss, layer.trainableVariables());
                layer.trainableVariables()
                        .forEach(variable -> gradients.of(variable).ifPresent(results::add));
            }
            return results;
        }
    }

    private List<double[]> read(List<? extends Operand<?>> results) {
        List<double[]> values = new ArrayList<>();
        for (Operand<?> result : results) {
            values.add(session.doubles(result));
        }
        return values;
    }

    private static void compare(
            String kind, String words, List<double[]> eager, List<double[]> traced, Journal journal) {
        compare(kind, words, eager, traced, false, journal);
    }

    /** @param someNaN whether it is enough that both have NaN: which others it spoils is up to a kernel, softmax for one */
    private static void compare(
            String kind, String words, List<double[]> eager, List<double[]> traced, boolean someNaN, Journal journal) {
        journal.outcome("compared " + kind);
        for (int i = 0; i < Math.min(eager.size(), traced.size()); i++) {
            double[] a = eager.get(i);
            double[] b = traced.get(i);
            double largest = Arrays.stream(a)
                    .map(Math::abs)
                    .filter(Double::isFinite)
                    .max()
                    .orElse(0);
            boolean bothNaN = someNaN
                    && Arrays.stream(a).anyMatch(Double::isNaN)
                    && Arrays.stream(b).anyMatch(Double::isNaN);
            boolean same = a.length == b.length;
            for (int k = 0; k < a.length && same; k++) {
                same = Double.compare(a[k], b[k]) == 0
                        || Math.abs(a[k] - b[k]) <= 1e-3 * largest + 1e-4
                        || bothNaN && Double.isNaN(a[k] + b[k]);
            }
            if (!same) {
                journal.finding(
                        "differs-" + kind,
                        words + " result " + i + " " + Arrays.toString(a) + " traced " + Arrays.toString(b));
                return;
            }
        }
    }

    /** A target and a prediction that go together, mostly. */
    private static List<RawValue> pair(Dice dice) {
        long batch = dice.chance(0.05) ? 0 : dice.between(1, 5);
        long classes = dice.of(1, 2, 3, 3, 4, 5);
        DataType type = dice.chance(0.25) ? DataType.DT_DOUBLE : DataType.DT_FLOAT;
        DataType whole = dice.oneOf(DataType.DT_INT32, DataType.DT_INT64, type);
        RawValue prediction =
                switch (dice.below(5)) {
                    case 0 -> input(dice, type, batch);
                    case 1 -> input(dice, type, batch, dice.between(1, 4), classes);
                    case 2 -> input(dice, type(dice), shape(dice));
                    default -> input(dice, type, batch, classes);
                };
        RawValue target =
                switch (dice.below(6)) {
                    case 0 -> input(dice, whole, batch);
                    case 1 -> input(dice, whole, batch, 1);
                    case 2 -> input(dice, type(dice), shape(dice));
                    default -> input(dice, dice.chance(0.7) ? type : whole, prediction.shape());
                };
        return List.of(target, prediction);
    }

    private static List<TracedFunction.Spec> specs(List<RawValue> values) {
        return values.stream()
                .map(value -> new TracedFunction.Spec(value.type(), Shape.of(value.shape())))
                .toList();
    }

    private static List<Operand<?>> made(Ops tf, List<RawValue> values) {
        return values.stream().<Operand<?>>map(value -> value.make(tf)).toList();
    }

    private String loss(Dice dice, Journal journal) throws ReflectiveOperationException {
        RandomParts parts = new RandomParts(dice, dice.chance(0.6));
        String words = "";
        try {
            Class<? extends Loss> type = dice.of(losses);
            journal.note("make " + type);
            Loss loss = parts.make(type);
            List<RawValue> pair = pair(dice);
            words = parts.words() + " on " + pair;
            journal.note(words);
            TracedFunction.Body body = (tf, in) -> {
                try (GradientTape tape = GradientTape.open(tf)) {
                    tape.watch(in.get(1));
                    Operand<TFloat32> value = loss.call(tf, number(in.get(0)), typed(in.get(1)));
                    List<Operand<?>> results = new ArrayList<>(List.of(value));
                    tape.gradient(value, in.get(1)).ifPresent(results::add);
                    return results;
                }
            };
            bothWays("loss", words, pair, body, journal);
        } catch (RandomParts.Unmakable e) {
            journal.finding("unmakable", e.getMessage());
        } catch (RuntimeException e) {
            accept(e, parts.words() + words, journal);
        }
        return words;
    }

    private void bothWays(String kind, String words, List<RawValue> given, TracedFunction.Body body, Journal journal) {
        List<double[]> eager;
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            eager = read(body.apply(tf, made(tf, given)));
        }
        journal.note("traced " + words);
        try (TensorScope scope = session.scope();
                TracedFunction function = TracedFunction.trace(session, "trial", specs(given), body)) {
            compare(kind, words, eager, read(function.call(made(session.tf(), given))), journal);
        } catch (RuntimeException e) {
            accept(e, words, journal);
            journal.finding("traced-refused", words + " " + e);
        }
    }

    private String metric(Dice dice, Journal journal) throws ReflectiveOperationException {
        Class<? extends Metric> type = dice.of(metrics);
        long seed = dice.any();
        boolean sane = dice.chance(0.6);
        List<RawValue> pair = pair(dice);
        RandomParts parts = new RandomParts(new Dice(seed), sane);
        String words = type.getSimpleName() + " on " + pair;
        List<Metric> made = new ArrayList<>();
        try {
            journal.note("make " + type);
            Metric first = parts.make(type);
            Metric second = new RandomParts(new Dice(seed), sane).make(type);
            made.add(first);
            made.add(second);
            words = parts.words() + " on " + pair;
            journal.note(words);
            try (TensorScope scope = session.scope()) {
                Ops tf = session.tf();
                List<Operand<?>> in = made(tf, pair);
                first.update(tf, number(in.get(0)), typed(in.get(1)));
            }
            double[] eager = first.results();
            journal.outcome("measured");
            if (first.isTraceable()) {
                journal.note("traced " + words);
                try (TensorScope scope = session.scope();
                        TracedFunction function = TracedFunction.trace(session, "trial", specs(pair), (tf, in) -> {
                            second.update(tf, number(in.get(0)), typed(in.get(1)));
                            return List.of(tf.constant(0f));
                        })) {
                    function.call(made(session.tf(), pair));
                    compare("metric", words, List.of(eager), List.of(second.results()), journal);
                } catch (RuntimeException e) {
                    accept(e, words, journal);
                    journal.finding("traced-refused", words + " " + e);
                }
            }
        } catch (RandomParts.Unmakable e) {
            journal.finding("unmakable", e.getMessage());
        } catch (RuntimeException e) {
            accept(e, parts.words() + words, journal);
        } finally {
            made.forEach(metric -> metric.state().forEach(Variable::close));
        }
        return words;
    }

    private String optimizer(Dice dice, Journal journal) throws ReflectiveOperationException {
        Class<? extends Optimizer> type = dice.of(optimizers);
        long seed = dice.any();
        boolean sane = dice.chance(0.6);
        DataType numbers = dice.oneOf(
                DataType.DT_FLOAT, DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_HALF, DataType.DT_BFLOAT16);
        long[] shape = dice.chance(0.8) ? new long[] {dice.between(1, 3), dice.between(1, 4)} : shape(dice);
        List<RawValue> steps = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            steps.add(input(dice, numbers, shape));
        }
        String words = type.getSimpleName() + " on " + steps.get(0);
        List<double[]> results = new ArrayList<>();
        try {
            for (boolean traced : new boolean[] {false, true}) {
                RandomParts parts = new RandomParts(new Dice(seed), sane);
                journal.note("make " + type);
                Optimizer optimizer = parts.make(type);
                words = parts.words() + " on " + steps.get(0);
                if (traced && !optimizer.isTraceable()) {
                    return words;
                }
                results.add(trained(optimizer, steps, traced, (traced ? "traced " : "") + words, journal));
            }
            compare("optimizer", words, results.subList(0, 1), results.subList(1, 2), journal);
        } catch (RandomParts.Unmakable e) {
            journal.finding("unmakable", e.getMessage());
        } catch (RuntimeException e) {
            accept(e, words, journal);
            if (results.size() == 1) {
                journal.finding("traced-refused", words + " " + e);
            }
        }
        return words;
    }

    private double[] trained(Optimizer optimizer, List<RawValue> steps, boolean traced, String words, Journal journal) {
        journal.note(words);
        try (TapeSession own = TapeSession.builder().threads(1, 1).seed(1).build();
                TensorScope scope = own.scope()) {
            Ops tf = own.tf();
            Variable<?> variable = Variable.create(tf, "weights", steps.get(0).make(tf), true);
            for (RawValue step : steps) {
                if (traced) {
                    try (TracedFunction function =
                            TracedFunction.trace(own, "trial", specs(List.of(step)), (ops, in) -> {
                                optimizer.apply(ops, gradients(variable, in.get(0)));
                                return List.of(ops.constant(0f));
                            })) {
                        function.call(made(tf, List.of(step)));
                    }
                } else {
                    optimizer.apply(tf, gradients(variable, step.make(tf)));
                }
            }
            journal.outcome("trained");
            return own.doubles(variable.read(tf));
        }
    }

    private static Gradients gradients(Variable<?> variable, Operand<?> gradient) {
        return Gradients.of(List.of(variable), List.of(Optional.of(gradient)));
    }
}
