package io.github.tapeloop.layer;

import io.github.tapeloop.bridge.NativeMemory;
import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Seeds;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** The weights of one layer by name, each made when the layer first asks for it, in the session of that call. */
final class LayerWeights {

    private final Map<String, Variable<?>> byName = new LinkedHashMap<>();
    /** Null before the first weight. */
    private TapeSession session;

    /** Whether there are weights, which carry the path of the layer. */
    boolean areMade() {
        return session != null;
    }

    /** The weights made so far, in order. */
    Collection<Variable<?>> all() {
        return byName.values();
    }

    /** Closes and forgets the weights that are not among some: those of a call that has failed. */
    void forgetAllBut(Set<Variable<?>> kept) {
        byName.values().removeIf(weight -> {
            boolean goes = !kept.contains(weight);
            if (goes) {
                weight.close();
            }
            return goes;
        });
        session = byName.isEmpty() ? null : session;
    }

    /** The weight of a layer by its name, made when it is first asked for; its penalty is added to the pass. */
    Variable<TFloat32> get(
            Layer layer, ForwardPass pass, String name, Shape shape, Class<TFloat32> type, WeightSpec spec) {
        Class<TFloat32> stored = DtypePolicy.isHalf(type) ? TFloat32.class : type;
        Variable<?> known = byName.get(name);
        if (known == null) {
            known = create(layer, pass, name, shape, stored, spec);
            byName.put(name, known);
        } else if (!known.shape().equals(shape) || known.type() != stored) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' was built for another input: its " + name
                    + " is " + words(known.type()) + " " + known.shape() + ", but this input asks for "
                    + words(stored) + " " + shape
                    + (known.type() != stored
                            ? ": cast the data to " + words(known.type())
                                    + " where they are made, so that all are of one" + " type"
                            : ": it keeps the sizes of its first input. Give it inputs of these, or use a new layer"));
        }
        Variable<TFloat32> weight = typed(known);
        if (spec.penalty() != null && weight.trainable() && pass.trains(layer) && pass.firstPenaltyOf(weight)) {
            Ops full = DtypePolicy.FULL.in(pass.tf()); // Sums of squares outgrow float16.
            pass.addLoss(spec.penalty().penalty(full, weight.read(full)));
        }
        return weight;
    }

    private Variable<TFloat32> create(
            Layer layer, ForwardPass pass, String name, Shape shape, Class<TFloat32> type, WeightSpec spec) {
        TapeSession here = TapeSession.of(pass.tf());
        if (session != null && session != here) {
            throw new IllegalStateException(
                    "Layer '" + layer.path() + "' belongs to another TapeSession. A model stays in the"
                            + " session where it was first called: make a new model for a new session or trainer");
        }
        if (type != TFloat32.class && !TFloat64.class.equals((Class<?>) type)) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName()
                    + ") asks for its " + name + " as " + type.getSimpleName() + ", the type of its input, but"
                    + " weights are float32 or float64: begin call with 'Ops tf = pass.tf(this, x)', which says what to"
                    + " do about the input, or ask for a type that does not follow it");
        }
        pass.requireRegistered(layer);
        session = here;
        String weightPath = layer.path() + "/" + name;
        NativeMemory.requireRoom(
                "Weight '" + weightPath + "', " + words(type),
                shape,
                type == TFloat32.class ? Float.BYTES : Double.BYTES);
        Ops eager = here.tf(); // Weights are made now, even while a step is being traced.
        List<Variable<TFloat32>> made = new ArrayList<>(1);
        here.unrecorded(() -> {
            long seed = Seeds.mix(here.seed(), layer.seedPath(here) + "/" + name);
            try {
                Operand<TFloat32> value =
                        spec.initializer().initialize(eager, shape, type, eager.constant(new long[] {seed, 0}));
                requireLike(value, weightPath, shape, type);
                made.add(Variable.create(eager, weightPath, value, spec.trainable()));
            } catch (OpException e) {
                throw new OpException(
                        e,
                        "It was to make weight '" + weightPath + "', " + words(type) + " " + shape + ", "
                                + size(shape, type));
            }
        });
        Variable<TFloat32> weight = made.get(0);
        spec.constraint()
                .ifPresent(constraint -> weight.projection((tf, value) -> {
                    try {
                        return constraint.apply(tf, value);
                    } catch (IllegalArgumentException e) {
                        throw new IllegalArgumentException("Weight '" + weightPath + "': " + e.getMessage(), e);
                    }
                }));
        return weight;
    }

    private static void requireLike(Operand<?> value, String weightPath, Shape shape, Class<?> type) {
        if (!Tensors.shape(value).equals(shape) || value.type() != type) {
            throw new IllegalArgumentException("The initializer of weight '" + weightPath + "' must give "
                    + type.getSimpleName() + " " + shape + ", gave " + Tensors.describe(value));
        }
    }

    /** The type of a weight. */
    private static String words(Class<?> type) {
        return type == TFloat32.class ? "float32" : TFloat64.class.equals(type) ? "float64" : type.getSimpleName();
    }

    /** What a tensor takes up. */
    private static String size(Shape shape, Class<?> type) {
        double bytes = Arrays.stream(shape.asArray()).asDoubleStream().reduce(1, (a, b) -> a * b)
                * (type == TFloat32.class ? Float.BYTES : Double.BYTES);
        return bytes < 1 << 20
                ? String.format(Locale.ROOT, "%.0f bytes", bytes)
                : String.format(Locale.ROOT, "%.1f MiB", bytes / (1 << 20));
    }

    @SuppressWarnings("unchecked") // The package's note on TFloat32: the run-time type follows the input.
    private static Variable<TFloat32> typed(Variable<?> weight) {
        return (Variable<TFloat32>) weight;
    }
}
