package io.github.tapeloop.testing;

import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Parameters;
import io.github.tapeloop.state.Snapshot;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TNumber;

/**
 * Compares the tape's gradients with central differences, (f(x + h) - f(x - h)) / 2h, in float64.
 *
 * <pre>{@code
 * GradientCheck.in(session).operands((tf, x) -> tf.math.tanh(x.get(0)), Input.of(Shape.of(3), -1, 0.5, 2));
 * model.call(ForwardPass.training(session.tf()), input); // makes the weights, float64 as the input is
 * GradientCheck.in(session)
 *         .variables(tf -> model.call(ForwardPass.training(tf), input), model.trainableVariables());
 * }</pre>
 *
 * <p>An output of any shape is summed with fixed weights that differ from element to element. The function must give the
 * same output for the same input, so nothing random, and should be smooth near the values: no check at the kink of a ReLU.
 */
public final class GradientCheck {

    private static final int MOST_ELEMENTS = 200;

    private final TapeSession session;
    private double step = 1e-5;
    private double tolerance = 1e-6;

    private GradientCheck(TapeSession session) {
        this.session = session;
    }

    /** A function of operands. */
    @FunctionalInterface
    public interface OperandFunction {

        /**
         * Makes the output.
         *
         * @param tf makes ops
         * @param inputs one for each {@link Input}; float64 at run time, in the static type that layers and losses take
         * @return an output of any shape
         */
        Operand<? extends TNumber> apply(Ops tf, List<Operand<TFloat32>> inputs);
    }

    /** A function of variables that it reads itself. */
    @FunctionalInterface
    public interface VariableFunction {

        /**
         * Makes the output.
         *
         * @param tf makes ops
         * @return an output of any shape
         */
        Operand<? extends TNumber> apply(Ops tf);
    }

    /**
     * Where to take the gradient.
     *
     * @param shape the input's shape
     * @param values its elements, row by row
     */
    public record Input(Shape shape, double[] values) {

        /**
         * Creates an input.
         *
         * @param shape the input's shape, fully known
         * @param values its elements, row by row; copied
         */
        public Input {
            values = values.clone();
            if (shape.hasUnknownDimension() || shape.size() != values.length) {
                throw new IllegalArgumentException(
                        "An input of shape " + shape + " does not have " + values.length + " elements");
            }
        }

        /**
         * An input.
         *
         * @param shape its shape, fully known
         * @param values its elements, row by row
         * @return the input
         */
        public static Input of(Shape shape, double... values) {
            return new Input(shape, values);
        }
    }

    /**
     * Starts a check with h = 1e-5 and a tolerance of 1e-6.
     *
     * @param session where to compute
     * @return a check
     */
    public static GradientCheck in(TapeSession session) {
        return new GradientCheck(session);
    }

    /**
     * Sets h.
     *
     * @param value above 0
     * @return this
     */
    public GradientCheck step(double value) {
        if (!(value > 0)) {
            throw new IllegalArgumentException("Expected a step above 0, got " + value);
        }
        this.step = value;
        return this;
    }

    /**
     * Sets how much an element of a gradient may differ.
     *
     * @param relative as a part of the largest element of that gradient or of 0.001, whichever is more; above 0
     * @return this
     */
    public GradientCheck tolerance(double relative) {
        if (!(relative > 0)) {
            throw new IllegalArgumentException("Expected a tolerance above 0, got " + relative);
        }
        this.tolerance = relative;
        return this;
    }

    /**
     * Checks the gradients with respect to inputs, at up to 200 elements of each.
     *
     * @param function what to differentiate
     * @param inputs where
     * @throws AssertionError if a gradient differs
     */
    public void operands(OperandFunction function, Input... inputs) {
        List<double[]> at = Arrays.stream(inputs) // Copies: elements are moved one by one below.
                .map(input -> input.values().clone())
                .toList();
        List<double[]> byTape = new ArrayList<>();
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            List<Operand<TFloat32>> given = constants(tf, inputs, at);
            try (GradientTape tape = GradientTape.open(tf)) {
                given.forEach(tape::watch);
                Operand<TFloat64> total = total(tf, function.apply(tf, given));
                List<Optional<Operand<?>>> gradients = tape.gradients(List.of(total), List.of(), given);
                for (int i = 0; i < inputs.length; i++) {
                    byTape.add(values(gradients.get(i), at.get(i).length));
                }
            }
        }
        for (int i = 0; i < inputs.length; i++) {
            double[] moving = at.get(i);
            compare("input " + i, inputs[i].shape(), byTape.get(i), (element, by) -> {
                double before = moving[element];
                moving[element] = before + by;
                try (TensorScope scope = session.scope()) {
                    return session.scalar(
                            total(session.tf(), function.apply(session.tf(), constants(session.tf(), inputs, at))));
                } finally {
                    moving[element] = before;
                }
            });
        }
    }

    /**
     * Checks the gradients with respect to variables, at up to 200 elements of each. The variables have their values back
     * afterwards.
     *
     * @param function what to differentiate; reads the variables
     * @param variables float64 ones, as a model has that was first called with float64 data
     * @throws IllegalArgumentException if a variable is not float64
     * @throws AssertionError if a gradient differs
     */
    public void variables(VariableFunction function, Parameters variables) {
        variables.forEach(GradientCheck::requireDouble);
        List<double[]> byTape = new ArrayList<>();
        List<double[]> at = new ArrayList<>();
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(session.tf())) {
            Operand<TFloat64> total = total(session.tf(), function.apply(session.tf()));
            Gradients gradients = tape.gradients(total, variables);
            for (Variable<?> variable : variables) {
                int size = Math.toIntExact(variable.shape().size());
                byTape.add(values(gradients.of(variable), size));
                at.add(values(Optional.of(variable.read(session.tf())), size));
            }
        }
        try (Snapshot before = Snapshot.of(variables)) {
            int i = 0;
            for (Variable<?> variable : variables) {
                try {
                    compareVariable(function, typed(variable), at.get(i), byTape.get(i));
                } finally {
                    before.restore();
                }
                i++;
            }
        }
    }

    private void compareVariable(VariableFunction function, Variable<TFloat64> variable, double[] at, double[] byTape) {
        Shape shape = variable.shape();
        compare("variable '" + variable.name() + "'", shape, byTape, (element, by) -> {
            double[] moved = at.clone();
            moved[element] += by;
            try (TensorScope scope = session.scope()) {
                Ops tf = session.tf();
                variable.assign(tf, tf.constant(shape, DataBuffers.of(moved, true, false)));
                return session.scalar(total(tf, function.apply(tf)));
            }
        });
    }

    private static void requireDouble(Variable<?> variable) {
        if (variable.type() != TFloat64.class) {
            throw new IllegalArgumentException("Central differences need float64, but variable '" + variable.name()
                    + "' is " + variable.type().getSimpleName() + ": call the model on float64 data first");
        }
    }

    /** The function where one element is moved by some amount. */
    private interface Moved {
        double at(int element, double by);
    }

    private void compare(String what, Shape shape, double[] byTape, Moved function) {
        int stride = Math.max(1, (byTape.length + MOST_ELEMENTS - 1) / MOST_ELEMENTS);
        double largest =
                Math.max(1e-3, Arrays.stream(byTape).map(Math::abs).max().orElse(0));
        for (int element = 0; element < byTape.length; element += stride) {
            double slope = (function.at(element, step) - function.at(element, -step)) / (2 * step);
            double allowed = tolerance * Math.max(largest, Math.abs(slope));
            if (!(Math.abs(byTape[element] - slope) <= allowed)) {
                throw new AssertionError("The gradient with respect to " + what + " " + shape + " is " + byTape[element]
                        + " at element " + element + " (counted row by row) by the tape, but " + slope
                        + " by central differences; " + allowed + " is allowed between them");
            }
        }
    }

    /** Σ wᵢ outputᵢ with different weights wᵢ, so that errors do not cancel, in softmax for example. */
    private static Operand<TFloat64> total(Ops tf, Operand<? extends TNumber> output) {
        Operand<TFloat64> exact = Tensors.cast(tf, output, TFloat64.class);
        double[] weights = new double[Math.toIntExact(Tensors.shape(output).size())];
        Arrays.setAll(weights, i -> 1 + Math.cos(1.0 + i) / 2);
        Operand<TFloat64> flat = tf.reshape(exact, tf.constant(new int[] {-1}));
        return tf.sum(tf.math.mul(flat, tf.constant(weights)), tf.constant(0));
    }

    @SuppressWarnings("unchecked") // Layers and losses follow the run-time type.
    private static List<Operand<TFloat32>> constants(Ops tf, Input[] inputs, List<double[]> values) {
        List<Operand<TFloat32>> constants = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            Operand<?> constant = tf.constant(inputs[i].shape(), DataBuffers.of(values.get(i), true, false));
            constants.add((Operand<TFloat32>) constant);
        }
        return constants;
    }

    @SuppressWarnings("unchecked") // Checked by requireDouble.
    private static Variable<TFloat64> typed(Variable<?> variable) {
        return (Variable<TFloat64>) variable;
    }

    /** The elements of an operand; zeros where there is none. */
    private double[] values(Optional<? extends Operand<?>> operand, int size) {
        return operand.map(session::doubles).orElseGet(() -> new double[size]);
    }

    @Override
    public String toString() {
        return "GradientCheck[step " + step + ", tolerance " + tolerance + "]";
    }
}
