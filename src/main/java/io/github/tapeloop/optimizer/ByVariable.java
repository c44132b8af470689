package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.tensorflow.Operand;
import org.tensorflow.types.family.TNumber;

/**
 * Different optimizers for different variables, Keras' {@code MultiOptimizer}; also the way to give some layers a
 * smaller learning rate.
 *
 * <pre>{@code
 * ByVariable.otherwise(new AdamW(1e-3))
 *         .use(new Sgd(1e-4), name -> name.startsWith("encoder/"))
 *         .use(new Muon(0.02), name -> name.endsWith("/kernel"));
 * }</pre>
 *
 * <p>The parts can have a {@link WeightDecay} each; the other transforms are given to this optimizer and act on all
 * variables together. The learning rate is that of the optimizer for all other variables; setting it changes the rates
 * of the other parts by the same factor. After a rate of 0 they rise in the proportion they had before.
 */
public final class ByVariable extends Optimizer implements BuiltIn {

    private record Rule(Predicate<Variable<?>> variables, Optimizer optimizer) {}

    private final Optimizer otherwise;
    private final List<Rule> rules = new ArrayList<>();
    /** The rates of the parts, divided by that of this one when it was last changed from a rate above 0. */
    private final Map<Optimizer, Double> proportions = new HashMap<>();

    private ByVariable(Optimizer otherwise) {
        super(otherwise);
        this.otherwise = otherwise;
        otherwise.join(this, "optimizer");
    }

    /**
     * Begins with the optimizer of all variables that no other one is chosen for.
     *
     * @param optimizer a new optimizer
     * @return an optimizer to which to add others
     * @throws IllegalArgumentException if the optimizer has a transform other than a weight decay, or a loss scale
     * @throws IllegalStateException if it has taken steps or is a part of another
     */
    public static ByVariable otherwise(Optimizer optimizer) {
        return new ByVariable(optimizer);
    }

    /**
     * Uses an optimizer for variables of some names, unless one added before is used for them.
     *
     * @param optimizer a new optimizer
     * @param names tells of the name of a variable whether to use it
     * @return this
     * @throws IllegalArgumentException if the optimizer has a transform other than a weight decay, or a loss scale
     * @throws IllegalStateException if it has taken steps or is a part of another, or this one has taken steps
     */
    public ByVariable use(Optimizer optimizer, Predicate<String> names) {
        return add(new Rule(variable -> names.test(variable.name()), optimizer));
    }

    /**
     * Uses an optimizer for some variables, unless one added before is used for them.
     *
     * @param optimizer a new optimizer
     * @param variables what to use it for
     * @return this
     * @throws IllegalArgumentException if the optimizer has a transform other than a weight decay, or a loss scale
     * @throws IllegalStateException if it has taken steps or is a part of another, or this one has taken steps
     */
    public ByVariable use(Optimizer optimizer, Variable<?>... variables) {
        return add(new Rule(List.of(variables)::contains, optimizer));
    }

    private ByVariable add(Rule rule) {
        requireNoSteps("add optimizers");
        rule.optimizer.join(this, "optimizer/" + (rules.size() + 1));
        rules.add(rule);
        return this;
    }

    private Optimizer of(Variable<?> variable) {
        return rules.stream()
                .filter(rule -> rule.variables.test(variable))
                .findFirst()
                .map(Rule::optimizer)
                .orElse(otherwise);
    }

    @Override
    protected <T extends TNumber> void update(Update update, Variable<T> variable, Operand<T> gradient) {
        of(variable).updateAsPart(update, variable, gradient);
    }

    @Override
    protected <T extends TNumber> void updateSparse(Update update, Variable<T> variable, IndexedSlices<T> gradient) {
        of(variable).updateAsPart(update, variable, gradient);
    }

    @Override
    List<Optimizer> parts() {
        List<Optimizer> parts = new ArrayList<>();
        parts.add(otherwise);
        rules.forEach(rule -> parts.add(rule.optimizer));
        return parts;
    }

    @Override
    void prepare(Variable<?> variable) {
        of(variable).prepare(variable);
    }

    @Override
    void requireSuitable(Transform transform) {
        if (transform instanceof WeightDecay) {
            throw new IllegalArgumentException(
                    "The parts of a ByVariable decay weights, each its own: give one of them the " + transform);
        }
    }

    @Override
    void changeRate(double value) {
        LearningRate.require(value);
        for (Optimizer part : parts()) {
            part.rate.requireNumber(part);
        }
        double before = rate.value();
        if (value == before) {
            return;
        }
        Map<Optimizer, Double> changed = new HashMap<>(); // All are legal before one is set.
        for (Optimizer part : parts()) {
            changed.put(part, LearningRate.require(part.rate == rate ? value : changed(part, value, before)));
        }
        changed.forEach((part, own) -> part.rate.set(own, part));
    }

    private double changed(Optimizer part, double value, double before) {
        double own = part.rate.value();
        if (before > 0) {
            proportions.put(part, own / before);
            return own * (value / before);
        }
        Double proportion = proportions.get(part);
        if (proportion == null) {
            throw new IllegalStateException("The learning rate of a ByVariable is 0, so it is not known by what factor"
                    + " to change the rates of its parts: set the rate of each part");
        }
        return own == 0 ? proportion * value : own; // One above 0 was set by itself since.
    }
}
