package io.github.tapeloop.optimizer;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.state.IndexedSlices;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
public final class ByVariable extends Optimizer {

    private static final double UNKNOWN = -1;

    /**
     * @param proportion the rate of the optimizer, divided by that of the whole when it was last changed from a rate above 0
     */
    private record Rule(Predicate<Variable<?>> variables, Optimizer optimizer, KeptNumber proportion) {}

    private final Optimizer otherwise;
    private final List<Rule> rules = new ArrayList<>();
    private final List<Optimizer> parts = new ArrayList<>();
    private final OncePerVariable<Optimizer> chosen = new OncePerVariable<>(this::choose);

    private ByVariable(Optimizer otherwise) {
        super(otherwise);
        this.otherwise = otherwise;
        otherwise.join(this, "optimizer");
        parts.add(otherwise);
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
     * @param names tells of the name of a variable whether to use it; asked once for each
     * @return this
     * @throws IllegalArgumentException if the optimizer has a transform other than a weight decay, or a loss scale
     * @throws IllegalStateException if it has taken steps or is a part of another, or this one has taken steps
     */
    public ByVariable use(Optimizer optimizer, Predicate<String> names) {
        Objects.requireNonNull(names, "names");
        return add(variable -> names.test(variable.name()), optimizer);
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
        return add(List.of(variables)::contains, optimizer);
    }

    private ByVariable add(Predicate<Variable<?>> variables, Optimizer optimizer) {
        settings.change(this, "optimizers (use)");
        optimizer.join(this, "optimizer/" + (rules.size() + 1));
        rules.add(new Rule(variables, optimizer, new KeptNumber(UNKNOWN)));
        parts.add(optimizer);
        return this;
    }

    Optimizer of(Variable<?> variable) {
        return chosen.of(variable);
    }

    private Optimizer choose(Variable<?> variable) {
        return rules.stream()
                .filter(rule -> rule.variables.test(variable))
                .findFirst()
                .map(Rule::optimizer)
                .orElse(otherwise);
    }

    @Override
    protected boolean isUpdateTraceable() {
        return true;
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
        return parts;
    }

    @Override
    Map<String, KeptNumber> numbers() {
        Map<String, KeptNumber> proportions = new LinkedHashMap<>();
        rules.forEach(rule -> proportions.put(proportions.size() + 1 + "/proportion", rule.proportion));
        return proportions;
    }

    @Override
    void prepare(Variable<?> variable) {
        of(variable).ask(variable);
    }

    @Override
    void requireSuitable(Optimizer.Transform transform) {
        if (transform instanceof WeightDecay) {
            throw new IllegalArgumentException(
                    "The parts of a ByVariable decay weights, each its own: give one of them the " + transform);
        }
    }

    @Override
    void changeRate(double value) {
        Require.notNegative("learning rate", value);
        for (Optimizer part : parts()) {
            part.rate.requireNumber(part);
        }
        double before = rate.value();
        if (value == before) {
            return;
        }
        Map<Rule, Double> changed = new LinkedHashMap<>(); // All are legal before one is set.
        for (Rule rule : rules) {
            changed.put(rule, Require.notNegative("learning rate", changed(rule, value, before)));
        }
        changed.forEach((rule, own) -> {
            if (before > 0) {
                rule.proportion.set(rule.optimizer.rate.value() / before);
            }
            rule.optimizer.rate.set(own, rule.optimizer);
        });
        rate.set(value, this);
    }

    private static double changed(Rule rule, double value, double before) {
        double own = rule.optimizer.rate.value();
        if (before > 0) {
            return own * (value / before);
        }
        double proportion = rule.proportion.value();
        if (proportion == UNKNOWN) {
            throw new IllegalStateException("The learning rate of a ByVariable is 0, so it is not known by what factor"
                    + " to change the rates of its parts: set the rate of each part");
        }
        return own == 0 ? proportion * value : own; // One above 0 was set by itself since.
    }
}
