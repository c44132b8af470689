package io.github.tapeloop.fuzz;

import io.github.tapeloop.Compilation;
import io.github.tapeloop.Fit;
import io.github.tapeloop.History;
import io.github.tapeloop.NonFinite;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.Flatten;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.Merge;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.CategoricalCrossentropy;
import io.github.tapeloop.loss.Huber;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanAbsoluteError;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.tensorflow.ndarray.Shape;

/**
 * A whole trainer of random parts: it fits, evaluates and predicts in one way of running steps and in another, which are to
 * give the same numbers.
 */
final class TrainerTrial implements Trial {

    private static final List<LayerKind> KINDS = LayerKind.all()
            .filter(kind -> !kind.takesIds() && !(kind.make().get() instanceof Merge))
            .toList();

    private static final List<Class<? extends Layer>> LAYERS = RandomParts.all(Layer.class).stream()
            .filter(type -> !Model.class.isAssignableFrom(type) && !Merge.class.isAssignableFrom(type))
            .toList();

    private static final List<Class<? extends Loss>> LOSSES = RandomParts.all(Loss.class);
    private static final List<Class<? extends Metric>> METRICS = RandomParts.all(Metric.class);
    private static final List<Class<? extends Callback>> CALLBACKS = RandomParts.all(Callback.class).stream()
            .filter(type -> !type.getSimpleName().equals("LossCurvePlot"))
            .toList();
    private static final List<Class<? extends Optimizer>> OPTIMIZERS = RandomParts.all(Optimizer.class).stream()
            .filter(type -> type != ByVariable.class)
            .toList();

    private static final int TRIES = 6;

    private static final boolean EXACT = "0".equals(System.getenv("TF_ENABLE_ONEDNN_OPTS"));

    private int threads = -1;
    private int trials;

    /** How steps are run. */
    private enum Way {
        EAGER,
        COMPILED,
        LOOP,
        VERIFIED
    }

    /** Most trainers of random parts are refused: a few are tried until one is not. */
    @Override
    public void run(Dice dice, Journal journal) {
        for (int tries = 0; tries < TRIES && !trains(dice, journal); tries++) {
            journal.outcome("another");
        }
        leaks(journal);
    }

    private boolean trains(Dice dice, Journal journal) {
        long seed = dice.any();
        Way first = dice.oneOf(Way.EAGER, Way.EAGER, Way.COMPILED);
        Way second = dice.oneOf(Way.COMPILED, Way.LOOP, Way.VERIFIED);
        Map<String, double[]> one = run(new Dice(seed), first, journal);
        if (one == null && dice.chance(0.7)) {
            return false; // Nor, most likely, in the other way.
        }
        Map<String, double[]> other = run(new Dice(seed), second, journal);
        if (one != null && other != null) {
            compare(first + " and " + second + " " + said, one, other, journal);
        } else if (one != null || other != null) {
            journal.finding("one-way", (one == null ? second : first) + " only: " + said + " " + refusal);
        }
        return one != null;
    }

    private boolean isHalf;
    private String said = "";
    private String refusal = "";

    private void leaks(Journal journal) {
        int now = Thread.getAllStackTraces().size();
        trials++;
        if (trials == 20) {
            threads = now;
        } else if (trials > 20 && now > threads + 8) {
            journal.finding(
                    "threads", now + " threads " + Thread.getAllStackTraces().keySet());
            threads = now;
        }
    }

    /** Without oneDNN, to the bit. That fuses ops, which then round once, in half precision most of all. */
    private void compare(String words, Map<String, double[]> one, Map<String, double[]> other, Journal journal) {
        journal.outcome("compared");
        for (Map.Entry<String, double[]> entry : one.entrySet()) {
            double[] a = entry.getValue();
            double[] b = other.get(entry.getKey());
            if (b == null || a.length != b.length) {
                journal.finding("modes-shape", entry.getKey() + " " + words + Arrays.toString(a) + Arrays.toString(b));
                return;
            }
            if (!Arrays.equals(a, b)) {
                journal.outcome("not to the bit");
            }
            double largest = Math.max(
                    1e-3,
                    Arrays.stream(a)
                            .map(Math::abs)
                            .filter(Double::isFinite)
                            .max()
                            .orElse(0));
            double allowed = EXACT ? 0 : isHalf ? 0.03 * largest : 1e-3 * largest;
            for (int i = 0; i < a.length; i++) {
                if (Double.compare(a[i], b[i]) != 0 && !(Math.abs(a[i] - b[i]) <= allowed)) {
                    journal.finding(
                            "modes-differ", entry.getKey() + " at " + i + " " + a[i] + " and " + b[i] + " " + words);
                    return;
                }
            }
        }
    }

    /** All numbers that come out; null if it is refused. */
    private Map<String, double[]> run(Dice dice, Way way, Journal journal) {
        RandomParts parts = new RandomParts(dice, dice.chance(0.8));
        said = "";
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(5).build()) {
            int before = session.liveHandles();
            Map<String, double[]> results;
            try (Trainer trainer = trainer(dice, parts, way, session)) {
                said = parts.words();
                journal.note(way + " " + said);
                results = use(dice, parts, trainer, journal, way);
            }
            String left = session.leakReport().toString();
            long variables = count(left, "VarHandleOp");
            if (session.liveHandles() != before + variables) { // Weights stay, in a session that is the user's.
                journal.finding("leak", left + " by " + said);
            }
            journal.outcome("trained");
            return results;
        } catch (RandomParts.Unmakable | ReflectiveOperationException e) {
            journal.finding("unmakable", e.toString());
            return null;
        } catch (RuntimeException e) {
            refusal = e.getClass().getSimpleName() + " " + e.getMessage();
            journal.outcome("refused");
            if (!(e instanceof IllegalArgumentException
                    || e instanceof IllegalStateException
                    || e instanceof UnsupportedOperationException
                    || e.getClass().getName().startsWith("io.github.tapeloop"))) {
                journal.finding("threw", way + " " + parts.words() + " " + e + " at " + TrialLoop.place(e));
            } else if (e.getMessage() == null || e.getMessage().isBlank()) {
                journal.finding("no-words", parts.words() + " " + e);
            }
            return null;
        }
    }

    private static long count(String report, String type) {
        Matcher matcher = Pattern.compile("(\\d+) x " + type).matcher(report);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    private Trainer trainer(Dice dice, RandomParts parts, Way way, TapeSession session)
            throws ReflectiveOperationException {
        List<Layer> layers = new ArrayList<>();
        LayerKind first = dice.of(KINDS);
        shape = first.small();
        layers.add(first.make().get());
        for (int more = dice.below(3); more > 0; more--) {
            layers.add(dice.chance(0.5) ? dice.of(KINDS).make().get() : parts.make(dice.of(LAYERS)));
        }
        int units = dice.between(1, 4);
        if (dice.chance(0.8)) {
            layers.add(new Flatten());
            layers.add(new Dense(units));
        }
        classes = units;
        TrainerBuilder builder = Trainer.of(Sequential.of(layers.toArray(new Layer[0])))
                .loss(dice.chance(0.5) ? usual(dice) : parts.make(dice.of(LOSSES)))
                .optimizer(parts.make(dice.of(OPTIMIZERS)))
                .session(session);
        for (int more = dice.of(0, 0, 1, 2); more > 0; more--) {
            builder.metrics(parts.<Metric>make(dice.of(METRICS)));
        }
        isHalf = dice.chance(0.1);
        if (isHalf) {
            builder.precision(dice.oneOf(DtypePolicy.MIXED_FLOAT16, DtypePolicy.MIXED_BFLOAT16));
        }
        switch (way) {
            case COMPILED -> builder.compiled();
            case LOOP -> builder.compiled().stepsPerExecution(2);
            case VERIFIED -> builder.compiled(Compilation.verify(2));
            default -> {}
        }
        return builder.build();
    }

    private static Loss usual(Dice dice) {
        return dice.<Supplier<Loss>>oneOf(
                        MeanSquaredError::new, MeanAbsoluteError::new, CategoricalCrossentropy::fromLogits, Huber::new)
                .get();
    }

    private Shape shape;
    private int classes;

    private Batches data(Dice dice, Journal journal) {
        int rows = dice.of(1, 2, 5, 6, 7, 9);
        int size = (int) shape.size();
        float[] values = new float[rows * size];
        boolean odd = dice.chance(0.1);
        for (int i = 0; i < values.length; i++) {
            values[i] = odd && dice.chance(0.05)
                    ? dice.oneOf(Float.NaN, Float.POSITIVE_INFINITY, 3e38f, -3e38f)
                    : (float) dice.normal();
        }
        Columns columns = new Columns().input(ColumnData.of(values, shape));
        float[][] targets = new float[rows][dice.chance(0.8) ? classes : dice.between(1, 3)];
        int[] labels = new int[rows];
        boolean hot = dice.chance(0.4);
        for (int i = 0; i < rows; i++) {
            labels[i] = dice.below(Math.max(1, classes));
            for (int k = 0; k < targets[i].length; k++) {
                targets[i][k] = hot ? (k == labels[i] ? 1 : 0) : (float) dice.unit();
            }
        }
        columns = columns.target(dice.chance(0.3) ? ColumnData.of(labels) : ColumnData.of(targets));
        if (dice.chance(0.15)) {
            float[] weights = new float[rows];
            for (int i = 0; i < rows; i++) {
                weights[i] = dice.oneOf(0f, 1f, 0.5f, 2f);
            }
            columns = columns.sampleWeight(weights);
        }
        Dataset dataset = Dataset.of(columns);
        int batch = dice.of(1, 2, 3, 4, 100);
        Batches batches =
                (dice.chance(0.2) ? dataset.shuffle(dice.of(1, 3, 100)) : dataset).batch(batch, dice.chance(0.1));
        return dice.chance(0.1) ? batches.prefetch(dice.between(1, 3)) : batches;
    }

    private Map<String, double[]> use(Dice dice, RandomParts parts, Trainer trainer, Journal journal, Way way)
            throws ReflectiveOperationException {
        Batches data = data(dice, journal);
        Fit fit = Fit.epochs(dice.between(1, 2));
        fit = dice.chance(0.2) ? fit.validation(data) : dice.chance(0.2) ? fit.validationSplit(0.4) : fit;
        fit = dice.chance(0.1) ? fit.stepsPerEpoch(dice.between(1, 4)) : fit;
        fit = dice.chance(0.2)
                ? fit.onNonFinite(dice.oneOf(NonFinite.skip(), NonFinite.stop(), NonFinite.rollBack(2)))
                : fit;
        for (int more = dice.of(0, 0, 0, 1, 2); more > 0; more--) {
            fit = fit.callbacks(parts.<Callback>make(dice.of(CALLBACKS)));
        }
        said = parts.words();
        journal.note(way + " fit " + said);
        Map<String, double[]> results = new TreeMap<>();
        boolean predictsFirst = dice.chance(0.2);
        if (predictsFirst) {
            trainer.predict(data);
        }
        History history = trainer.fit(data, fit);
        for (String name : history.names()) {
            if (!name.contains("time") && !name.contains("second")) {
                results.put(
                        name,
                        history.values(name).stream()
                                .mapToDouble(Double::doubleValue)
                                .toArray());
            }
        }
        journal.note(way + " evaluate " + said);
        trainer.evaluate(data).forEach((name, value) -> results.put("evaluate " + name, new double[] {value}));
        journal.note(way + " predict " + said);
        var predicted = trainer.predict(data);
        List<Double> numbers = new ArrayList<>();
        predicted.scalars().forEach(number -> numbers.add((double) number.getFloat()));
        results.put("predict", numbers.stream().mapToDouble(Double::doubleValue).toArray());
        return results;
    }
}
