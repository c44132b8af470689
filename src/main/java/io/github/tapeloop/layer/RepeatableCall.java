package io.github.tapeloop.layer;

import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TBool;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TType;

/**
 * A call of a part of a model that can be run again: as a function of its input, the mask of that and what the input was before
 * it was rounded. Each run begins with the random numbers and penalties of the first; what that one left beside its output,
 * the pass around takes over.
 */
final class RepeatableCall {

    private final ForwardPass pass;
    private final BiFunction<ForwardPass, Operand<TFloat32>, Operand<TFloat32>> block;
    private final Operand<TFloat32> x;
    private final Operand<TBool> mask;
    private final Operand<TFloat32> exact;
    private final long firstRandomOp;
    private final Set<Variable<?>> penalizedBefore;
    /** Null before the first run. */
    private Left left;

    /**
     * What the first run left beside its output.
     *
     * @param losses how many
     * @param masked whether the output has a mask
     * @param sameMask whether that is the one of the input
     */
    private record Left(int losses, boolean masked, boolean sameMask) {}

    RepeatableCall(
            ForwardPass pass,
            BiFunction<ForwardPass, Operand<TFloat32>, Operand<TFloat32>> block,
            Operand<TFloat32> x) {
        this.pass = pass;
        this.block = block;
        this.x = x;
        this.mask = pass.masks().of(x);
        this.exact = pass.exact(x);
        this.firstRandomOp = pass.randomOps();
        this.penalizedBefore = pass.addedLosses().penalized();
    }

    /** Has somebody run the call, once now and perhaps later. */
    Operand<TFloat32> by(ForwardPass.Caller caller) {
        List<Operand<?>> inputs = new ArrayList<>(List.of(x));
        if (mask != null) {
            inputs.add(mask);
        }
        if (exact != x) {
            inputs.add(exact);
        }
        List<? extends Operand<?>> results = caller.call(pass.tf(), this::run, List.copyOf(inputs));
        Operand<TFloat32> y = typed(results.get(0));
        int end = 1 + left.losses();
        pass.addedLosses()
                .addAll(results.subList(1, end).stream()
                        .map(RepeatableCall::<TFloat32>typed)
                        .toList());
        if (left.masked()) {
            pass.setMask(y, left.sameMask() ? mask : typed(results.get(end)));
        }
        return y;
    }

    private List<Operand<?>> run(Ops tf, List<Operand<?>> given) {
        ForwardPass run = pass.again(tf, firstRandomOp, left != null);
        run.addedLosses().markPenalized(penalizedBefore);
        Operand<TFloat32> input = typed(given.get(0));
        Operand<TBool> givenMask = mask == null ? null : typed(given.get(1));
        if (exact != x) {
            run.exactInputs().remember(input, typed(given.get(given.size() - 1)));
        }
        run.setMask(input, givenMask);
        Operand<TFloat32> y = block.apply(run, input);
        Operand<TBool> leftMask = run.masks().of(y);
        boolean same = leftMask != null && leftMask == givenMask; // An input is no result.
        List<Operand<TFloat32>> losses = run.addedLosses().all();
        List<Operand<?>> results = new ArrayList<>();
        results.add(y);
        results.addAll(losses);
        if (leftMask != null && !same) {
            results.add(leftMask);
        }
        if (left == null) {
            left = new Left(losses.size(), leftMask != null, same);
            pass.follow(run);
        }
        return results;
    }

    @SuppressWarnings("unchecked") // The package's note on TFloat32; masks are masks.
    private static <T extends TType> Operand<T> typed(Operand<?> operand) {
        return (Operand<T>) operand;
    }
}
