package io.github.tapeloop.layer;

import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.settings.Require;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Stack;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;

/**
 * A layer that walks along series and carries a state from step to step: {@link SimpleRnn}, {@link Gru}, {@link Lstm}, and
 * cells of your own. A subclass says in {@link #next} how the state follows from the one before; this class does the rest:
 *
 * <ul>
 *   <li>Input x, float32 [batch, steps, in]. The number of steps must be known: the loop is unrolled into the traced step,
 *       so a compiled step is traced once for each number of steps (pad batches to few lengths), and its size grows with it.
 *   <li>x · kernel + bias of all steps is one matrix product, made before the loop. The kernel is [in, gates · units],
 *       {@link Initializer#glorotUniform()}, the recurrent kernel [units, gates · units], {@link Initializer#orthogonal()},
 *       the bias zeros.
 *   <li>Output: the last step's, [batch, units], or with {@link #returnSequences} that of all, [batch, steps, units].
 *   <li>Where the input has a mask, a step that is masked keeps the state and repeats the output before it; what stands in
 *       the input there counts for nothing. Before the first step that is not masked the output is the first of the initial
 *       states, where Keras puts out zeros. The output of a layer that returns the last step only has no mask.
 * </ul>
 *
 * @param <L> the layer's own type, which the setters return
 */
public abstract class Recurrent<L extends Recurrent<L>> extends RecurrentWeights<L> {

    /**
     * What a call computes.
     *
     * @param output float32 [batch, units], or [batch, steps, units] of a layer that returns sequences
     * @param state what the last step left, float32 [batch, units] each; of {@link Lstm} the output and the cell state
     */
    public record Result(Operand<TFloat32> output, List<Operand<TFloat32>> state) {}

    private final int states;
    private ActivationFunction activation = Activations.TANH;
    private double dropout;
    private double recurrentDropout;
    private boolean returnSequences;
    private boolean goBackwards;

    /**
     * Creates a layer.
     *
     * @param units size of the state and of the output, at least 1
     * @param gates how many times the units the kernels have in columns, at least 1
     * @param states how many tensors [batch, units] the state has, at least 1; the first is the output
     */
    protected Recurrent(int units, int gates, int states) {
        super(units, gates);
        this.states = Require.atLeast(1, getClass().getSimpleName() + " states", states);
    }

    /**
     * Computes the state after a step. All operands are of one type; parts of the input and of the recurrent product that
     * belong to one gate follow one another in the last axis.
     *
     * @param tf makes ops
     * @param input x · kernel + bias of this step, float32 [batch, gates · units]
     * @param recurrent h · recurrent kernel, where h is the first state, float32 [batch, gates · units]; with the recurrent
     *     bias of a layer that has one
     * @param state the state before, float32 [batch, units] each
     * @return the state after, as many tensors of the same shape; the first is the output
     */
    protected abstract List<Operand<TFloat32>> next(
            Ops tf, Operand<TFloat32> input, Operand<TFloat32> recurrent, List<Operand<TFloat32>> state);

    final ActivationFunction activation() {
        return activation;
    }

    final boolean returnsSequences() {
        return returnSequences;
    }

    final boolean goesBackwards() {
        return goBackwards;
    }

    /**
     * The activation of the state; {@link Activations#TANH} unless set.
     *
     * @param function one of {@link Activations}, or a lambda
     * @return this
     */
    public L activation(ActivationFunction function) {
        requireUnused("activation");
        this.activation = Objects.requireNonNull(function, "function");
        return self();
    }

    /**
     * Whether the output is that of all steps; false, the last one only, unless set.
     *
     * @param all true for [batch, steps, units]
     * @return this
     */
    public L returnSequences(boolean all) {
        requireUnused("returnSequences");
        this.returnSequences = all;
        return self();
    }

    /**
     * Whether to walk from the last step to the first; false unless set. Sequences come out in the order they are walked, the
     * last step first, and so does the mask.
     *
     * @param backwards true to walk backwards
     * @return this
     */
    public L goBackwards(boolean backwards) {
        requireUnused("goBackwards");
        this.goBackwards = backwards;
        return self();
    }

    /**
     * The part of the input to drop in training; 0 unless set. One mask [batch, in] holds for all steps (Gal and Ghahramani
     * 2016).
     *
     * @param rate the part to drop, in [0, 1)
     * @return this
     */
    public L dropout(double rate) {
        requireUnused("dropout");
        this.dropout = Require.fraction(getClass().getSimpleName() + " dropout", rate);
        return self();
    }

    /**
     * The part of the state to drop in training where it is multiplied with the recurrent kernel; 0 unless set. One mask
     * [batch, units] holds for all steps and gates ("tied"); Keras' GRU and LSTM draw one for each gate, which gives the same mean and less
     * spread. Where the state is carried on by itself, as in {@link Gru}, nothing is dropped.
     *
     * @param rate the part to drop, in [0, 1)
     * @return this
     */
    public L recurrentDropout(double rate) {
        requireUnused("recurrentDropout");
        this.recurrentDropout = Require.fraction(getClass().getSimpleName() + " recurrentDropout", rate);
        return self();
    }

    /**
     * Walks along series from a state of zeros.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, in], steps and in known
     * @return float32 [batch, units], or [batch, steps, units] if the layer returns sequences
     * @throws IllegalArgumentException if x has another rank, unknown sizes, or another last dimension than before
     */
    @Override
    public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
        return callWithState(pass, x, List.of()).output();
    }

    /**
     * Walks along series from a given state: that of an encoder, or of the part of the series before.
     *
     * @param pass makes ops, says whether to train, may have a mask of x
     * @param x float32 [batch, steps, in], steps and in known
     * @param initialState float32 [batch, units] each, as many as {@link Result#state()} has; empty for zeros. Masked steps
     *     before the first that is not output the first of them
     * @return the output and the last state
     * @throws IllegalArgumentException if x has another rank or unknown sizes, or the state is not of this layer's form
     */
    public Result callWithState(ForwardPass pass, Operand<TFloat32> x, List<? extends Operand<TFloat32>> initialState) {
        Ops tf = pass.tf(this, x);
        int steps = requireSeries(x);
        List<Operand<TFloat32>> state = initialState.isEmpty() ? zeros(tf, x) : requireState(initialState, x);
        StepMask mask = StepMask.of(this, pass, tf, x);
        Read weights = read(pass, tf, x);
        Operand<TFloat32> data = mask.zeroed(tf, x);
        Operand<TFloat32> dropped = pass.training() && dropout > 0
                ? Dropout.drop(pass, tf, data, dropout, Images.withBatchOf(tf, x, 1, (int)
                        Tensors.shape(x).get(-1)))
                : data;
        List<? extends Operand<TFloat32>> inputs = weights.project(tf, dropped, steps);
        Operand<TBool> kept = pass.training() && recurrentDropout > 0
                ? Dropout.kept(pass, tf, recurrentDropout, Images.withBatchOf(tf, x, units()), x.type())
                : null;
        List<Operand<TFloat32>> outputs = new ArrayList<>(steps);
        for (int i = 0; i < steps; i++) {
            int step = goBackwards ? steps - 1 - i : i;
            Operand<TFloat32> h = kept == null ? state.get(0) : Dropout.drop(tf, state.get(0), recurrentDropout, kept);
            List<Operand<TFloat32>> after = next(tf, inputs.get(step), weights.recurrent(tf, h), state);
            state = mask.choose(tf, step, after, state);
            outputs.add(state.get(0));
        }
        return new Result(
                returnSequences ? mask.with(pass, tf, tf.stack(outputs, Stack.axis(1L)), goBackwards) : state.get(0),
                state);
    }

    private int requireSeries(Operand<TFloat32> x) {
        Shape shape = Tensors.shape(x);
        if (shape.numDimensions() != 3 || shape.get(1) < 1 || shape.get(2) < 1) { // Unknown sizes are -1.
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (" + getClass().getSimpleName()
                            + ") expects [batch, steps, in] with known sizes of at least 1 after the batch, got "
                            + Tensors.describe(x)
                            + (shape.numDimensions() == 2
                                    ? ": give a series of numbers a last dimension with a Reshape(steps, 1), and put an"
                                            + " Embedding before if these are ids"
                                    : ""));
        }
        return (int) shape.get(1);
    }

    private List<Operand<TFloat32>> requireState(List<? extends Operand<TFloat32>> initialState, Operand<TFloat32> x) {
        boolean fits = initialState.size() == states
                && initialState.stream()
                        .allMatch(part -> part.type() == x.type()
                                && Tensors.shape(part)
                                        .isCompatibleWith(
                                                Shape.of(Tensors.shape(x).get(0), units())));
        if (!fits) {
            throw new IllegalArgumentException(
                    "Layer '" + path() + "' (" + getClass().getSimpleName() + ") expects "
                            + states + " initial state" + (states > 1 ? "s" : "") + " [batch, " + units()
                            + "] of the type of its input " + Tensors.describe(x) + ", got "
                            + initialState.stream().map(Tensors::describe).toList());
        }
        return List.copyOf(initialState);
    }

    private List<Operand<TFloat32>> zeros(Ops tf, Operand<TFloat32> x) {
        Operand<TFloat32> zero = tf.fill(Images.withBatchOf(tf, x, units()), Tensors.constant(tf, 0, x.type()));
        return Collections.nCopies(states, zero);
    }
}
