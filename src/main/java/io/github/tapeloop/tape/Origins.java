package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.RecordingEnvironment;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;

/**
 * Facts about where an op's inputs come from, for the rules that need to know more than what the inputs are: whether one is
 * a variable itself, and which numbers of a constant the program has written down. Rules of Tapeloop may ask for those of
 * {@link #ASKED} only. A {@link TapeStructure} writes these down: they are a part of what tells tapes apart, and what a tape
 * that is replayed knows, though its inputs come from elsewhere.
 */
final class Origins {

    /** The inputs that rules ask about, by op type. */
    private static final Map<String, List<Integer>> ASKED =
            Map.of("GatherV2", List.of(0, 2), "ResourceGather", List.of(0));

    /** Ops whose output is the variable that they were given, unchanged. */
    private static final Set<String> UNCHANGED = Set.of("ReadVariableOp", "EnsureShape");

    /**
     * Where an input comes from.
     *
     * @param variable the shape of the variable that it is, or null
     * @param numbers those of the constant that it is, or null
     */
    record Origin(Shape variable, List<Long> numbers) {}

    private final RecordingEnvironment environment;
    private final List<RecordedOp> ops;
    private final Map<Operation, Integer> places;
    /** What is known of ops that were replayed, in the order of what is asked about their type. */
    private final Map<RecordedOp, List<Origin>> known = new IdentityHashMap<>();

    /**
     * Facts that are looked up in what a tape has noted.
     *
     * @param places the place of an operation's op among those noted; -1 or none for one that was not
     */
    Origins(RecordingEnvironment environment, List<RecordedOp> ops, Map<Operation, Integer> places) {
        this.environment = environment;
        this.ops = ops;
        this.places = places;
    }

    /** Whether an operation's op is among those noted. */
    boolean isNoted(Operation operation) {
        return places.getOrDefault(operation, -1) >= 0;
    }

    /** Takes over what is known of an op that stands for another. */
    void know(RecordedOp op, List<Origin> origins) {
        known.put(op, origins);
    }

    /** What rules may ask about an op, in a fixed order; empty for most. */
    List<Origin> asked(RecordedOp op) {
        List<Integer> inputs = ASKED.get(op.type());
        if (inputs == null) {
            return List.of();
        }
        List<Origin> origins = new ArrayList<>(inputs.size());
        for (int input : inputs) {
            origins.add(of(op, input));
        }
        return origins;
    }

    /** Where an input comes from. */
    Origin of(RecordedOp op, int input) {
        List<Origin> told = known.get(op);
        if (told != null) {
            int place = ASKED.getOrDefault(op.type(), List.of()).indexOf(input);
            if (place < 0) {
                throw new IllegalStateException("The gradient rule of op " + op.type() + " asks where input " + input
                        + " comes from, which a tape that is replayed does not know");
            }
            return told.get(place);
        }
        return new Origin(variable(op.input(input)), numbers(op.input(input)));
    }

    private Shape variable(Output<?> output) {
        Output<?> now = output;
        while (true) {
            Shape shape = environment.watchedShape(now.op()).orElse(null);
            if (shape != null) {
                return shape;
            }
            int place = places.getOrDefault(now.op(), -1);
            if (place < 0 || !UNCHANGED.contains(ops.get(place).type())) {
                return null;
            }
            now = ops.get(place).input(0);
        }
    }

    private static List<Long> numbers(Output<?> output) {
        return Tensors.constantNumbers(output)
                .map(numbers -> Arrays.stream(numbers).boxed().toList())
                .orElse(null);
    }
}
