package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.DtypePolicy;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Settings;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * A part of a model: computes an output from an input, with weights of its own and those of the layers inside it.
 *
 * <pre>{@code
 * final class Scale extends Layer {
 *     @Override public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
 *         Ops tf = pass.tf(this, x); // Refuses what is no floating point input, and names ops after this layer.
 *         Variable<TFloat32> factor = weight(pass, "factor", Shape.of(x.shape().get(-1)), x.type(), Initializer.ones());
 *         return tf.math.mul(x, factor.read(tf));
 *     }
 * }
 * }</pre>
 *
 * <p>A mask, see {@link ForwardPass#mask}, belongs to an operand. As in Keras, a layer that does not speak of masks drops
 * them: its output has none, and a trainer warns of it once. A layer that works on each step by itself ends with {@code
 * return pass.keepMask(x, y)}, as {@link Dense}, the activations, dropouts and normalizations here do; one that heeds masks
 * asks for {@code pass.mask(x)}, as {@link Recurrent} ones, {@link MultiHeadAttention}, {@link GlobalAveragePool1D} and
 * {@link BatchNormalization} do.
 *
 * <p>Settings end at the first call: a setter that comes later throws, as steps that were traced would not hear of it. What may
 * change while training goes on is a variable, or {@link #trainable(boolean)}, which a trainer asks for.
 *
 * <p>Weights are made in the first call, when the size of the input is known, and belong to the session of that call
 * from then on. Not thread-safe.
 */
public abstract class Layer {

    private final Children children = new Children();
    private final LayerWeights weights = new LayerWeights();
    private Layer parent;
    private String name = defaultName(getClass());
    /** Whether the user gave the name of a layer that stands alone. */
    private boolean isNamed;

    private String path;
    private String seedName;
    private boolean trainable = true;
    private final Settings settings = new Settings();
    /** What {@link #trainableVariables} gave last; null before that. */
    private List<Variable<?>> trained;

    private Parameters trainedParameters;
    /** The ops that {@link #within} was made of, outside any graph; null before the first call. */
    private Ops around;

    private Ops within;
    private String named;

    /** Creates a layer without weights, named after its class until a parent names it. */
    protected Layer() {}

    /**
     * Computes the output.
     *
     * @param pass makes ops, says whether to train, collects added losses
     * @param x the input, [batch, …]; what shapes are taken is each layer's to say
     * @return the output, which belongs to the innermost {@link TensorScope}
     */
    public abstract Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x);

    /**
     * Computes the output of several inputs. {@link Merge} layers and {@link MultiHeadAttention} take them; a layer of your own that
     * does overrides this, and {@link Node#of(Layer, Node...)} gives them to it.
     *
     * @param pass makes ops, says whether to train, collects added losses
     * @param inputs [batch, …] each, at least one
     * @return the output, which belongs to the innermost {@link TensorScope}
     * @throws IllegalArgumentException if there are more or fewer than the layer takes
     */
    public Operand<TFloat32> call(ForwardPass pass, List<? extends Operand<TFloat32>> inputs) {
        if (inputs.size() != 1) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (" + getClass().getSimpleName() + ") takes one input, got " + inputs.size()
                            + ": merge them before, by an Add or a Concatenate");
        }
        return call(pass, inputs.get(0));
    }

    /**
     * What this layer takes; {@link InputType#FLOATING} unless overridden. {@link ForwardPass#tf(Layer, Operand)} holds an
     * input against it.
     *
     * @return the types of tensors that may stand behind the {@code TFloat32} of {@link #call}
     */
    protected InputType inputType() {
        return InputType.FLOATING;
    }

    /**
     * Registers a layer inside this one, its home, named after its class and numbered: {@code dense}, {@code dense_1}. A model that
     * is {@link Model#named} has its name.
     *
     * @param child a layer that has no other home; one that has, {@link #share}
     * @param <L> its type
     * @return the child
     * @throws IllegalStateException if the child is in another layer already
     */
    protected final <L extends Layer> L layer(L child) {
        return layer(children.freeName(((Layer) child).name), child);
    }

    /**
     * Registers a layer inside this one, its home, under a name.
     *
     * @param childName its name, unique in this layer
     * @param child a layer that has no other home; one that has, {@link #share}
     * @param <L> its type
     * @return the child
     * @throws IllegalStateException if the child is in another layer already
     * @throws IllegalArgumentException if the name is taken
     */
    protected final <L extends Layer> L layer(String childName, L child) {
        Layer added = child;
        if (added.parent != null || added == this) {
            throw new IllegalStateException(
                    "Layer '" + added.path() + "' is part of a model already. To use it here as well,"
                            + " register it by share(…), in a Sequential by Sequential.sharing(…); to use it twice there, call it"
                            + " twice. For weights of its own, make a new layer and copy them by variables().assign(tf,"
                            + " layer.variables())");
        }
        children.add(this, requireName(childName), child);
        added.parent = this;
        added.name = childName;
        keepApart();
        return child;
    }

    /**
     * Registers a layer that has its home elsewhere: in another model, by {@link #layer}, or for itself, as a model that a trainer
     * of its own trains. Its weights are among those of each model that has it, by the names they have at home, and each of them
     * trains them. It is named here after its class and numbered.
     *
     * <pre>{@code
     * final class Classifier extends Model {
     *     private final Model encoder;
     *     private final Dense logits = layer(new Dense(10));
     *     Classifier(Model encoder) {
     *         this.encoder = share(encoder); // Which an autoencoder has, too.
     *     }
     *     …
     * }
     * }</pre>
     *
     * <p>All models that share a layer are in one session. What the trainer of each saves has its weights: of trainers that have trained in
     * turn, the last is loaded last. A layer that {@link #trainable(boolean)} freezes is frozen in all of them;
     * {@link #trainable(Layer, boolean)} freezes it in one.
     *
     * @param child a layer that does not contain this one
     * @param <L> its type
     * @return the child
     * @throws IllegalArgumentException if it is registered here already, or contains this layer, which would be a circle
     */
    protected final <L extends Layer> L share(L child) {
        Layer shared = child;
        shared.root().keepApart(foreignNames());
        String base = shared.parent == null ? shared.name : defaultName(child.getClass());
        return share(children.freeName(base), child);
    }

    /**
     * Registers a layer that has its home elsewhere, under a name, as {@link #share(Layer)} does.
     *
     * @param childName its name here, unique in this layer
     * @param child a layer that does not contain this one
     * @param <L> its type
     * @return the child
     * @throws IllegalArgumentException if the name is taken, the layer is registered here already, or it contains this layer
     */
    protected final <L extends Layer> L share(String childName, L child) {
        ((Layer) child).root().keepApart(foreignNames());
        children.add(this, requireName(childName), child);
        keepApart();
        return child;
    }

    private Layer root() {
        return parent == null ? this : parent.root();
    }

    /** The names that those of weights of layers with another home begin with. */
    private Set<String> foreignNames() {
        Set<String> names = new HashSet<>();
        for (Layer layer : tree()) {
            if (layer.weights.areMade()) {
                names.add(layer.path().replaceFirst("/.*", ""));
            } else if (layer.root() != root()) {
                names.add(layer.root().name);
            }
        }
        return names;
    }

    /** Gives a root that nobody has named a name that its weights will not have in common with those of layers that it shares. */
    private void keepApart() {
        if (parent == null) {
            keepApart(foreignNames());
        }
    }

    private void keepApart(Set<String> others) {
        if (!isNamed && seedName == null) { // Else weights have begun with its name.
            String base = defaultName(getClass());
            name = base;
            for (int number = 1; others.contains(name); number++) {
                name = base + "_" + number;
            }
        }
    }

    /** Registers a layer: at home here if it has none, else shared. */
    final void adopt(Layer child) {
        if (child.hasHome()) {
            share(child);
        } else {
            layer(child);
        }
    }

    /** Whether it is part of another layer, or has begun without one. */
    private boolean hasHome() {
        return parent != null || tree().stream().anyMatch(layer -> layer.weights.areMade());
    }

    private String requireName(String given) {
        if (!given.matches("[A-Za-z0-9_.-]+")) {
            throw new IllegalArgumentException("Layer '" + path() + "' cannot have a layer named '" + given
                    + "': names are made of letters A to Z, digits, '_', '.' and '-', as those of TensorFlow's ops");
        }
        return given;
    }

    /** Names a layer that stands alone. */
    final void rename(String given) {
        requireUnused("named");
        if (hasHome()) {
            throw new IllegalStateException("Layer '" + path() + "' cannot be named '" + given + "': "
                    + (parent == null
                            ? "its weights carry its name already. Name it before it is built or called"
                            : "it was named where it was registered, by layer(\"name\", …)"));
        }
        this.name = requireName(given);
        this.isNamed = true;
    }

    /**
     * The weight of a name, made when it is first asked for.
     *
     * @param pass the pass of the call
     * @param weightName its name within this layer, {@code kernel} for example
     * @param shape its shape
     * @param type its type, that of the input: {@code x.type()}; for a float16 or bfloat16 input the weight is float32
     * @param initializer makes its first value
     * @return the weight, trainable
     * @throws IllegalArgumentException if the weight was made with another shape: the input has changed its size
     * @throws IllegalStateException if the layer belongs to another session
     */
    protected final Variable<TFloat32> weight(
            ForwardPass pass, String weightName, Shape shape, Class<TFloat32> type, Initializer initializer) {
        return weight(pass, weightName, shape, type, WeightSpec.of(initializer));
    }

    /**
     * The weight of a name, made when it is first asked for, with more to say about it: whether it is trained, and what
     * holds it. The penalty of its regularizer is added to the pass, once however often the layer is called in it.
     *
     * @param pass the pass of the call
     * @param weightName its name within this layer, {@code kernel} for example
     * @param shape its shape
     * @param type its type, that of the input: {@code x.type()}
     * @param spec how it starts and what holds it; only the first call's counts
     * @return the weight
     * @throws IllegalArgumentException if the weight was made with another shape: the input has changed its size
     * @throws IllegalStateException if the layer belongs to another session
     */
    protected final Variable<TFloat32> weight(
            ForwardPass pass, String weightName, Shape shape, Class<TFloat32> type, WeightSpec spec) {
        settings.use();
        return weights.get(this, pass, weightName, shape, type, spec);
    }

    /**
     * Adds a penalty on this layer's output to the pass. As in Keras 3, it is divided by the size of the batch, so that it
     * weighs the same in batches of any size.
     *
     * @param pass the pass of the call
     * @param y the output, [batch, …]; a scalar's penalty is taken as it is
     * @param regularizer computes the penalty, null for none
     * @return y
     */
    protected final Operand<TFloat32> penalized(ForwardPass pass, Operand<TFloat32> y, Regularizer regularizer) {
        if (regularizer != null) {
            Ops tf = pass.tf();
            Operand<TFloat32> wide = DtypePolicy.full(tf, pass.exact(y));
            Operand<TFloat32> penalty = regularizer.penalty(tf, wide);
            pass.addLoss(
                    Tensors.rank(y) == 0
                            ? penalty
                            : tf.math.divNoNan(penalty, Dimensions.count(tf, y, new int[] {0}, wide.type())));
        }
        return y;
    }

    /** Whether this is another layer or a part of it. */
    boolean isWithin(Layer outer) {
        return outer.tree().contains(this);
    }

    /**
     * All variables of this layer and the layers inside it, in the order they were registered, each once.
     *
     * @return the variables; empty before the first call
     * @throws IllegalArgumentException if two have the same name: layers that are shared from two homes of one name
     */
    public final Parameters variables() {
        List<Variable<?>> all = new ArrayList<>();
        tree().forEach(layer -> all.addAll(layer.weights.all()));
        return Parameters.of(all);
    }

    /**
     * The variables that training changes.
     *
     * @return those of {@link #variables()} that are trainable and not in a frozen layer
     */
    public final Parameters trainableVariables() {
        List<Variable<?>> all = new ArrayList<>();
        for (Layer layer : trainedLayers()) {
            for (Variable<?> weight : layer.weights.all()) { // Asked for in every step, so no streams.
                if (weight.trainable()) {
                    all.add(weight);
                }
            }
        }
        if (!all.equals(trained)) { // Mostly they are the same from step to step.
            trained = all;
            trainedParameters = Parameters.of(all);
        }
        return trainedParameters;
    }

    /**
     * The variables that this layer and those inside it have without LoRA, {@link Dense#enableLora(int)} for example: as many, of the same
     * names, in the same order. What was trained before is given to them:
     *
     * <pre>{@code
     * tuned.baseVariables().assign(session.tf(), trained.variables());
     * }</pre>
     *
     * @return those of {@link #variables()} that LoRA has not added; empty before the first call
     */
    public final Parameters baseVariables() {
        List<Variable<?>> all = new ArrayList<>();
        tree().forEach(layer -> all.addAll(layer.weights.base()));
        return Parameters.of(all);
    }

    /**
     * The variables of what is not frozen, by {@link #trainable(boolean)} or by LoRA: all that training makes of what there was before,
     * few where most is frozen. Beside {@link #trainableVariables()} these are statistics and weights whose {@link WeightSpec} says that
     * they are not trained.
     *
     * @return some of {@link #variables()}; empty before the first call
     */
    public final Parameters unfrozenVariables() {
        List<Variable<?>> all = new ArrayList<>();
        trainedLayers().forEach(layer -> all.addAll(layer.weights.unfrozen()));
        return Parameters.of(all);
    }

    /**
     * Adds what LoRA has learnt to the kernels and embeddings of this layer and those inside it, and begins it anew: all b are zeros, so
     * the outputs stay as they were, to rounding. A model without LoRA takes the sums:
     *
     * <pre>{@code
     * plain.variables().assign(session.tf(), tuned.mergeLora());
     * }</pre>
     *
     * <p>Call it between two steps, when training is over: what an optimizer remembers of b stays. An optimizer that evaluates with other
     * weights than it trains, moving averages of them for example, has to have put those in place before.
     *
     * @return {@link #baseVariables()}
     * @throws IllegalStateException if LoRA is enabled in no layer, or none of these has weights yet; nothing is changed
     */
    public final Parameters mergeLora() {
        LayerWeights.merge(this);
        return baseVariables();
    }

    /** Enables LoRA for some weights, all of one spec, and freezes others besides; what was enabled before is not any more. */
    final void adapt(List<String> names, List<String> others, int rank, double alpha, WeightSpec spec) {
        requireUnused("enableLora");
        weights.adapt(this, names, others, new Lora(this, rank, alpha), spec);
    }

    /** The weights of this layer itself, in their account. */
    final LayerWeights weights() {
        return weights;
    }

    /** Whether LoRA is enabled in this layer itself. */
    final boolean hasLora() {
        return weights.hasLora();
    }

    /** What LoRA adds to a weight of this layer, or null. */
    final Lora lora(String weightName) {
        return weights.lora(weightName);
    }

    /** The layers of this one that training it changes: those that it reaches by a way on which nothing is frozen. */
    final Set<Layer> trainedLayers() {
        Set<Layer> reached = new LinkedHashSet<>();
        if (trainable()) {
            reach(reached);
        }
        return reached;
    }

    private void reach(Set<Layer> reached) {
        if (trainable && reached.add(this)) {
            for (Layer child : children.all()) {
                if (!children.isFrozen(child)) {
                    child.reach(reached);
                }
            }
        }
    }

    /**
     * Freezes or unfreezes this layer and all inside it: the weights of a frozen layer are not among {@link
     * #trainableVariables()} and add no penalties, and a frozen {@link BatchNormalization} computes as in inference. A
     * trainer asks when it begins an epoch, so set this between runs. Where Keras sets the
     * layers inside as well, here each keeps its own setting and is frozen while one around it is.
     *
     * @param value false to freeze
     * @return this
     */
    public final Layer trainable(boolean value) {
        this.trainable = value;
        return this;
    }

    /**
     * Freezes or unfreezes a layer as seen from this one: what this trains leaves its weights alone, whoever else has it trains
     * them. The critic of a GAN is frozen so in the model that trains the generator.
     *
     * <pre>{@code
     * combined.trainable(critic, false);
     * }</pre>
     *
     * <p>In a pass that calls this, or a model around it, by {@link ForwardPass#call}, as trainers do, a frozen {@link
     * BatchNormalization} computes as in inference, and penalties are not added.
     *
     * @param part a layer directly inside this one, at home here or shared
     * @param value false to freeze
     * @return this
     * @throws IllegalArgumentException if it is not directly inside
     */
    public final Layer trainable(Layer part, boolean value) {
        children.freeze(this, part, !value);
        return this;
    }

    /**
     * Whether a layer directly inside was frozen by {@link #trainable(Layer, boolean)}, whatever it is elsewhere.
     *
     * @param part a layer directly inside this one
     * @return true after {@code trainable(part, false)}
     */
    public final boolean isFrozen(Layer part) {
        return children.isFrozen(part);
    }

    /**
     * Whether this layer itself was frozen by {@link #trainable(boolean)}, whatever the layers around it are.
     *
     * @return true after {@code trainable(false)}
     */
    public final boolean isFrozen() {
        return !trainable;
    }

    /**
     * Whether training changes this layer, where it is at home.
     *
     * @return false if this layer or one around it at home is frozen; models that share it may see it otherwise
     */
    public final boolean trainable() {
        return trainable && (parent == null || parent.trainable());
    }

    /**
     * Where this layer is at home: the names of the layers around it and its own, {@code mlp/dense_1}. Weights are drawn by their
     * paths, and those of the second model of a name in a session differ from those of the first.
     *
     * @return the path
     */
    public final String path() {
        if (path != null) {
            return path;
        }
        String here = parent == null ? name : parent.path() + "/" + name;
        if (weights.areMade()) {
            path = here; // Weights carry the path, so it no longer changes.
        }
        return here;
    }

    /** What the seeds of weights depend on: the path, and of how many roots of its name the root is one. */
    final String seedPath(TapeSession here) {
        if (parent != null) {
            return parent.seedPath(here) + "/" + name;
        }
        if (seedName == null) {
            seedName = RootSeeds.take(here, name);
        }
        return seedName;
    }

    /**
     * The layers directly inside this one by name, those that are shared included.
     *
     * @return a copy, in the order they were registered
     */
    public final Map<String, Layer> layers() {
        return children.byName();
    }

    /** This layer and all inside it, each once, in the order they were registered. */
    final Set<Layer> tree() {
        Set<Layer> all = new LinkedHashSet<>();
        addTo(all);
        return all;
    }

    private void addTo(Set<Layer> all) {
        if (all.add(this)) {
            children.all().forEach(child -> child.addTo(all));
        }
    }

    /** Closes and forgets the weights of this layer itself that are not among some. */
    final void forgetAllBut(Set<Variable<?>> kept) {
        weights.forgetAllBut(kept);
    }

    /** The weights of this layer itself. */
    final List<Variable<?>> ownWeights() {
        return List.copyOf(weights.all());
    }

    /**
     * The first line of each setter: settings end at the first call of the layer, where it asks for {@link
     * ForwardPass#tf(Layer, Operand)} or a weight, as a step that was traced keeps what the layer was set to then.
     *
     * @param setting the name of the setter
     * @throws IllegalStateException if the layer was called already; nothing is changed
     */
    protected final void requireUnused(String setting) {
        if (settings.used()) {
            throw new IllegalStateException("Layer '" + path() + "': " + Settings.message(this, setting));
        }
    }

    /**
     * What the setter of a weight does: changes its spec, before the first call of the layer.
     *
     * <pre>{@code
     * public Scale factor(UnaryOperator<WeightSpec> change) {
     *     this.factor = changed("factor", factor, change);
     *     return this;
     * }
     * }</pre>
     *
     * @param setting the name of the setter
     * @param spec what was set so far
     * @param change makes another spec of it
     * @return the changed spec
     * @throws IllegalStateException if the layer was called already; nothing is changed
     */
    protected final WeightSpec changed(String setting, WeightSpec spec, UnaryOperator<WeightSpec> change) {
        requireUnused(setting);
        WeightSpec changed =
                Objects.requireNonNull(change.apply(spec), () -> "the change of " + setting + " gave no spec");
        weights.requireFree(this, setting, changed);
        return changed;
    }

    /** Ops named after this layer, which is called now: its settings end. */
    final Ops named(Ops tf) {
        settings.use();
        String here = path();
        if (tf.scope().env().isGraph()) {
            return tf.withSubScope(here);
        }
        if (around != tf || !here.equals(named)) { // An Ops is forty objects, and the same from step to step.
            around = tf;
            named = here;
            within = tf.withSubScope(here);
        }
        return within;
    }

    /** Fails if an input is of a type that this layer does not take. */
    final void requireTaken(Operand<?> x) {
        DataType type = Tensors.dataType(x);
        if (!inputType().takes(type)) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (" + getClass().getSimpleName() + ") takes " + inputType() + ", got "
                            + Tensors.describe(x) + inputType().advice(type));
        }
    }

    private static String defaultName(Class<?> type) {
        String simple = type.getSimpleName();
        if (simple.isEmpty()) { // An anonymous class.
            return "model";
        }
        return simple.replaceAll("([a-z])([A-Z])", "$1_$2") // Conv2D is conv2d, as in Keras.
                .replaceAll("[^A-Za-z0-9_]", "_") // What TensorFlow takes in the name of an op.
                .toLowerCase(Locale.ROOT);
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + " '" + path() + "'";
    }
}
