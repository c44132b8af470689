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
import java.util.HashSet;
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
    /** What LoRA adds to weights, by the names of these. */
    private final Map<String, Lora> loras = new LinkedHashMap<>();
    /** The names of weights that are frozen besides. */
    private final Set<String> frozen = new HashSet<>();
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

    /** Enables LoRA for some weights, all of one spec, and freezes others besides; what was enabled before is not any more. */
    void adapt(Layer layer, List<String> adapted, List<String> others, Lora lora, WeightSpec spec) {
        refuseConstraint(layer, adapted.get(0), spec);
        loras.clear();
        frozen.clear();
        adapted.forEach(name -> loras.put(name, lora));
        frozen.addAll(others);
    }

    /** Fails if a setter gives a weight with LoRA a constraint. */
    void requireFree(Layer layer, String setting, WeightSpec spec) {
        if (loras.keySet().stream().anyMatch(name -> ("/" + name).endsWith("/" + setting))) {
            refuseConstraint(layer, setting, spec);
        }
    }

    private static void refuseConstraint(Layer layer, String weight, WeightSpec spec) {
        if (spec.constraint().isPresent()) {
            throw new IllegalArgumentException("Layer '" + layer.path() + "' ("
                    + layer.getClass().getSimpleName() + ") cannot have both LoRA, enableLora, and a constraint of its "
                    + weight.replaceFirst(".*/", "")
                    + ", which would hold neither the frozen weight nor what is added to it: leave one of them out");
        }
    }

    /** Whether LoRA is enabled. */
    boolean hasLora() {
        return !loras.isEmpty();
    }

    /** What LoRA adds to a weight, or null. */
    Lora lora(String name) {
        return loras.get(name);
    }

    /** Those that the layer has without LoRA. */
    List<Variable<?>> base() {
        List<Variable<?>> base = new ArrayList<>(byName.values());
        loras.keySet().forEach(name -> {
            base.remove(byName.get(Lora.a(name)));
            base.remove(byName.get(Lora.b(name)));
        });
        return base;
    }

    /** Those that LoRA does not freeze. */
    List<Variable<?>> unfrozen() {
        return byName.entrySet().stream()
                .filter(weight -> !isFrozen(weight.getKey()))
                .<Variable<?>>map(Map.Entry::getValue)
                .toList();
    }

    private boolean isFrozen(String name) {
        return loras.containsKey(name) || frozen.contains(name);
    }

    /** Makes what LoRA has learnt in a layer and those inside it a part of their weights; all is computed before the first changes. */
    static void merge(Layer outer) {
        if (outer.tree().stream().noneMatch(Layer::hasLora)) {
            throw new IllegalStateException("Layer '" + outer.path()
                    + "' has no LoRA to merge: call enableLora(rank) of a Dense, an Embedding, a"
                    + " MultiHeadAttention or a block of them before the first call");
        }
        List<LayerWeights> made = outer.tree().stream()
                .map(Layer::weights)
                .filter(LayerWeights::canMerge)
                .toList();
        if (made.isEmpty()) {
            throw new IllegalStateException("Layer '" + outer.path()
                    + "' has no weights to merge yet, which its first call makes: build the model, or call it once");
        }
        TapeSession session = made.get(0).session;
        session.unrecorded(() -> {
            List<Runnable> changes = new ArrayList<>();
            made.forEach(weights -> weights.merge(session.tf(), changes));
            changes.forEach(Runnable::run);
        });
    }

    /** Whether all that LoRA is enabled for is made: a layer may never be called, and a call that fails may have made some of it. */
    private boolean canMerge() {
        return hasLora() && loras.keySet().stream().allMatch(name -> byName.containsKey(Lora.b(name)));
    }

    /** The sums become the weights, and LoRA begins anew. */
    private void merge(Ops tf, List<Runnable> changes) {
        loras.forEach((name, lora) -> {
            Variable<TFloat32> weight = typed(byName.get(name));
            Variable<TFloat32> b = typed(byName.get(Lora.b(name)));
            Operand<TFloat32> sum = lora.merged(tf, weight, typed(byName.get(Lora.a(name))), b);
            Operand<TFloat32> zeros = tf.zerosLike(b.read(tf));
            changes.add(() -> {
                weight.assign(tf, sum);
                b.assign(tf, zeros);
            });
        });
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
                made.add(Variable.create(eager, weightPath, value, spec.trainable() && !isFrozen(name)));
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
