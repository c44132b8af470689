package io.github.tapeloop.serving;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.serving.ServedGraph.Part;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * The parts of a graph for series that are written step by step: one for a step, one for {@link #MANY}, and one for whole series, with
 * which the others are compared for each version of the weights.
 */
final class Decoded {

    /** Of a prompt, so many steps are computed at a time, the last of them perhaps for nothing. */
    static final int MANY = 16;

    private static final int COMPARED_STEPS = 24;
    private static final int COMPARED_SERIES = 2;
    private static final Set<DataType> IDS = Set.of(DataType.DT_INT32, DataType.DT_INT64, DataType.DT_FLOAT);

    private final Part one;
    private final Part many;
    private final Part whole;
    private final Limits limits;

    /**
     * What a model takes.
     *
     * @param type of its ids
     * @param mostSteps how long a series may be
     * @param knownIds so many ids, from 0 on, it knows, as far as it has said
     * @param tolerance how far rounding may take scores apart, as a part of the largest
     */
    record Limits(DataType type, long mostSteps, int knownIds, double tolerance) {

        int comparedSteps() {
            return (int) Math.min(mostSteps, COMPARED_STEPS);
        }
    }

    /** @param parts in the order in which {@link #trace} made them */
    Decoded(List<Part> parts, Limits limits) {
        this.one = parts.get(0);
        this.many = parts.get(1);
        this.whole = parts.get(2);
        this.limits = limits;
    }

    /** Traces a part and says what types its ops compute in. */
    @FunctionalInterface
    interface Tracer {
        Set<DataType> trace(Map<String, Spec> inputs, ServedGraph.Body body);
    }

    /**
     * Traces the parts.
     *
     * @param kind what the inputs of a whole series look like
     * @param body predicts for whole series
     * @throws IllegalStateException if the model is not one to write series with
     */
    static Limits trace(Map<String, Spec> kind, ServedGraph.Body body, Tracer tracer) {
        String ids = kind.keySet().iterator().next();
        Spec spec = kind.get(ids);
        if (kind.size() != 1 || spec.shape().numDimensions() != 2 || !IDS.contains(spec.type())) {
            throw refused(
                    "Expected one input, ids [batch, steps] of type int32, int64 or float32, got " + kind
                            + ". What attends to another series is predicted as a whole, by predictAll(batch)",
                    null);
        }
        try {
            DecodedBody single = new DecodedBody(body, ids, spec.type(), 1);
            Set<DataType> types = tracer.trace(single.inputs(), single);
            DecodedBody several = new DecodedBody(body, ids, spec.type(), MANY);
            tracer.trace(several.inputs(), several);
            Limits limits = new Limits(spec.type(), single.mostSteps(), single.knownIds(), tolerance(types));
            tracer.trace(
                    Map.of(ids, new Spec(spec.type(), Shape.of(Shape.UNKNOWN_SIZE, limits.comparedSteps()))), body);
            return limits;
        } catch (IllegalArgumentException | IllegalStateException | OpException e) {
            throw refused(e.getMessage(), e);
        }
    }

    private static double tolerance(Set<DataType> types) {
        if (types.contains(DataType.DT_BFLOAT16)) {
            return 1e-1;
        }
        return types.contains(DataType.DT_HALF) ? 2e-2 : 1e-3;
    }

    private static IllegalStateException refused(String why, Throwable cause) {
        return new IllegalStateException(
                "This model cannot be decoded step by step, as Serving.decoding() asks for: " + why, cause);
    }

    /**
     * Compares series of some ids, written step by step, with the same as a whole: layers of users, and settings of others, may mix
     * steps in ways that nobody has told.
     *
     * @throws IllegalStateException if they differ by more than rounding
     */
    void check(Version version) {
        int[][] ids = ids();
        float[][] expected = whole(version, ids);
        double largest = 0;
        for (float[] row : expected) {
            for (float score : row) {
                largest = Math.max(largest, Float.isFinite(score) ? Math.abs(score) : 0);
            }
        }
        int steps = limits.comparedSteps();
        int first = (steps + 1) / 2;
        try (DecodedSeries series = new DecodedSeries(version, this, steps, () -> {})) {
            int singles = Math.min(steps, first + 3);
            for (int at = 0; at < steps; ) {
                int next = at < first ? first : at < singles ? at + 1 : steps;
                float[][] got = series.next(part(ids, at, next));
                for (int i = 0; i < COMPARED_SERIES; i++) {
                    if (ids[i][next - 1] != 0) { // What stands for filling has no scores to go by.
                        compare(got[i], expected[i], next - 1, limits.tolerance() * largest);
                    }
                }
                at = next;
            }
        } catch (OpException e) {
            throw refused(e.getMessage(), e);
        }
    }

    private int[][] ids() {
        SplittableRandom random = new SplittableRandom(1);
        int known = limits.knownIds() == Integer.MAX_VALUE ? Math.toIntExact(vocabulary()) : limits.knownIds();
        int[][] ids = new int[COMPARED_SERIES][limits.comparedSteps()];
        for (int[] row : ids) {
            for (int i = 0; i < row.length; i++) {
                row[i] = random.nextInt(known);
            }
        }
        return ids;
    }

    /** How many scores a step has. */
    private long vocabulary() {
        return one.outputs().values().iterator().next().shape().get(-1);
    }

    /** The scores of all steps of each series. */
    private float[][] whole(Version version, int[][] ids) {
        try (TType tensor = tensor(ids, 0, ids[0].length)) {
            return version.run(whole, List.of(tensor)).get(0).rows();
        }
    }

    private static int[][] part(int[][] rows, int from, int to) {
        int[][] parts = new int[rows.length][];
        Arrays.setAll(parts, i -> Arrays.copyOfRange(rows[i], from, to));
        return parts;
    }

    private static void compare(float[] got, float[] all, int step, double tolerance) {
        for (int i = 0; i < got.length; i++) {
            float expected = all[step * got.length + i];
            if (Float.isFinite(expected) && !(Math.abs(got[i] - expected) <= tolerance)) {
                throw refused(
                        "with some ids, score " + i + " of step " + step + " is " + expected
                                + " where the series is computed as a whole, and " + got[i]
                                + " where it is computed step by step. Some layer mixes steps by other means than self-attention"
                                + " with useCausalMask(true), or tells positions by other means than the layers that do",
                        null);
            }
        }
    }

    Part one() {
        return one;
    }

    Part many() {
        return many;
    }

    Limits limits() {
        return limits;
    }

    /**
     * Ids as the model takes them.
     *
     * @param from the first step
     * @param steps how many, of which those beyond the end are the last one once more
     */
    TType tensor(int[][] ids, int from, int steps) {
        Shape shape = Shape.of(ids.length, steps);
        return switch (limits.type()) {
            case DT_INT32 -> TInt32.tensorOf(shape, to -> each(ids, from, steps, to::setInt));
            case DT_INT64 -> TInt64.tensorOf(shape, to -> each(ids, from, steps, (id, i, k) -> to.setLong(id, i, k)));
            default -> TFloat32.tensorOf(shape, to -> each(ids, from, steps, (id, i, k) -> to.setFloat(id, i, k)));
        };
    }

    @FunctionalInterface
    private interface Setter {
        void set(int id, long series, long step);
    }

    private static void each(int[][] ids, int from, int steps, Setter setter) {
        for (int i = 0; i < ids.length; i++) {
            for (int k = 0; k < steps; k++) {
                setter.set(ids[i][Math.min(from + k, ids[i].length - 1)], i, k);
            }
        }
    }
}
