package io.github.tapeloop.fuzz;

import io.github.tapeloop.Fit;
import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.layer.Dense;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.LayerKind;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.layer.Sequential;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.MeanSquaredError;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.ByVariable;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.settings.Setters;
import io.github.tapeloop.state.Variable;
import java.lang.reflect.Executable;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * One whole number that a part is set by, far larger than any sense has: it works, or is refused in words that say what was
 * wrong. It does not take all memory first, or go on for ever. The seed says which setting of which part.
 */
final class SettingTrial implements Trial {

    /** Memory that nothing has, and memory that some have. */
    private static final long[] HUGE = {Integer.MAX_VALUE, 1_000_000_000};

    private static final List<Shape> INPUTS = List.of(Shape.of(2, 8), Shape.of(2, 6, 8), Shape.of(2, 6, 6, 8));

    /**
     * A number that is set.
     *
     * @param way the constructor, factory or setter
     * @param parameter which of its parameters
     */
    record Setting(Class<?> part, Executable way, int parameter, long value) {

        boolean isSetter() {
            return way instanceof Method method && !Modifier.isStatic(method.getModifiers());
        }

        @Override
        public String toString() {
            return part.getSimpleName() + "." + way.getName().replaceAll(".*\\.", "")
                    + Arrays.stream(way.getParameterTypes())
                            .map(Class::getSimpleName)
                            .toList()
                    + " " + parameter + " = " + value;
        }
    }

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(1).build();

    /** All numbers that there are to be set. */
    static List<Setting> all() {
        List<Setting> all = new ArrayList<>();
        Stream.of(Layer.class, Loss.class, Metric.class, Optimizer.class, Callback.class)
                .flatMap(kind -> RandomParts.all(kind).stream())
                .filter(type -> !Model.class.isAssignableFrom(type)
                        && type != ByVariable.class
                        && !type.getSimpleName().equals("LossCurvePlot"))
                .forEach(type -> {
                    RandomParts.ways(type).forEach(way -> add(all, type, way));
                    Setters.of(type)
                            .sorted(Comparator.comparing(Method::toGenericString))
                            .forEach(way -> add(all, type, way));
                });
        return all;
    }

    private static void add(List<Setting> all, Class<?> part, Executable way) {
        Class<?>[] types = way.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            if (types[i] == int.class || types[i] == long.class || types[i] == int[].class) {
                for (long value : HUGE) {
                    all.add(new Setting(part, way, i, value));
                }
            }
        }
    }

    private final List<Setting> settings = all();

    @Override
    public void run(Dice dice, Journal journal) throws ReflectiveOperationException {
        Setting setting = settings.get((int) (journal.seed() % settings.size()));
        journal.note(setting.toString());
        int before = session.liveHandles();
        try {
            tryOut(setting, dice, journal);
        } catch (OutOfMemoryError e) {
            journal.finding("memory", setting + " " + e + " at " + TrialLoop.place(e));
        }
        if (session.liveHandles() != before) {
            journal.finding("leak", session.liveHandles() - before + " handles by " + setting);
        }
    }

    /** What else is set is drawn anew when it is that which is refused. */
    private void tryOut(Setting setting, Dice dice, Journal journal) throws ReflectiveOperationException {
        RuntimeException refusal = null;
        for (int tries = 0; tries < 20 && (refusal == null || isOfAnother(setting, refusal)); tries++) {
            RandomParts parts = new RandomParts(dice, true).with(setting.way(), setting.parameter(), setting.value());
            try {
                Object part = parts.make(setting);
                journal.note(parts.words());
                use(part);
                journal.outcome("works");
                journal.say("works: " + setting);
                return;
            } catch (RuntimeException e) {
                refusal = e;
            }
        }
        refused(setting, refusal, journal);
    }

    private static boolean isOfAnother(Setting setting, RuntimeException e) {
        String words = String.valueOf(e.getMessage());
        return !words.contains(Long.toString(setting.value())) && !words.contains("B: make the settings");
    }

    private static void refused(Setting setting, RuntimeException e, Journal journal) {
        String words = String.valueOf(e.getMessage());
        boolean ours = e instanceof IllegalArgumentException
                || e instanceof IllegalStateException
                || e instanceof UnsupportedOperationException
                || e.getClass().getName().startsWith("io.github.tapeloop");
        if (!ours) {
            journal.finding("threw", setting + " " + e + " at " + TrialLoop.place(e));
        } else if (isOfAnother(setting, e)
                && !words.contains("'")
                && !words.contains(setting.part().getSimpleName())) {
            journal.finding("no-words", setting + " " + e); // Neither what was given nor who was given it.
        } else {
            journal.outcome("refused");
            journal.say(setting + ": " + words);
        }
    }

    private void use(Object part) {
        if (part instanceof Layer layer) {
            use(layer);
        } else if (part instanceof Loss loss) {
            try (TensorScope scope = session.scope()) {
                loss.call(session.tf(), floats(Shape.of(2, 3)), floats(Shape.of(2, 3)));
            }
        } else if (part instanceof Metric metric) {
            use(metric);
        } else if (part instanceof Optimizer optimizer) {
            fit(Trainer.of(Sequential.of(new Dense(2))).optimizer(optimizer), Fit.epochs(2));
        } else if (part instanceof Callback callback) {
            fit(
                    Trainer.of(Sequential.of(new Dense(2))).optimizer(new Sgd()),
                    Fit.epochs(2).callbacks(callback));
        }
    }

    private static void fit(TrainerBuilder builder, Fit fit) {
        try (Trainer trainer = builder.loss(new MeanSquaredError()).build()) {
            trainer.fit(Dataset.of(new float[4][3], new float[4][2]).batch(2), fit);
        }
    }

    private Operand<TFloat32> floats(Shape shape) {
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 3 / 3f;
        }
        return session.tf().constant(shape, DataBuffers.of(values));
    }

    /** Of an input that it takes; the last refusal is told if there is none. */
    private void use(Layer layer) {
        RuntimeException last = null;
        try {
            for (Shape shape : INPUTS) {
                try (TensorScope scope = session.scope()) {
                    Ops tf = session.tf();
                    Operand<TFloat32> x = floats(shape);
                    if (layer.getClass().getSimpleName().equals("Embedding")) {
                        x = ids(tf, x);
                    }
                    LayerKind.call(layer, ForwardPass.inference(tf), x);
                    return;
                } catch (RuntimeException e) {
                    boolean rank = String.valueOf(e.getMessage()).contains("expects [batch");
                    last = last == null || !rank ? e : last;
                }
            }
            throw last;
        } finally {
            try {
                layer.variables().forEach(Variable::close);
            } catch (IllegalStateException e) {
                // It was never called, and has none.
            }
        }
    }

    @SuppressWarnings("unchecked") // Layers follow the type they get at run time.
    private static Operand<TFloat32> ids(Ops tf, Operand<TFloat32> x) {
        return (Operand<TFloat32>) (Operand<?>) tf.dtypes.cast(x, TInt32.class);
    }

    private void use(Metric metric) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            metric.update(tf, floats(Shape.of(2, 3)), floats(Shape.of(2, 3)));
            metric.results();
        } finally {
            metric.state().forEach(Variable::close);
        }
    }
}
