package io.github.tapeloop.serving;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.serving.ServedGraph.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.ndarray.buffer.FloatDataBuffer;
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
     * @param kind what its inputs look like, by name in their order
     * @param written the name of the series among them: ids
     * @param mostSteps how long that may be
     * @param knownIds so many ids, from 0 on, it knows, as far as it has said
     * @param tolerance how far rounding may take scores apart, as a part of the largest
     */
    record Limits(Map<String, Spec> kind, String written, long mostSteps, int knownIds, double tolerance) {

        int comparedSteps() {
            return (int) Math.min(mostSteps, COMPARED_STEPS);
        }

        /** The inputs that stay the same while the series is written. */
        Map<String, Spec> constant() {
            Map<String, Spec> constant = new LinkedHashMap<>(kind);
            constant.remove(written);
            return constant;
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
     * @param named the name of the series among them; null if it is the only one
     * @param body predicts for whole series
     * @throws IllegalStateException if the model is not one to write series with
     */
    static Limits trace(Map<String, Spec> kind, String named, ServedGraph.Body body, Tracer tracer) {
        String written = named == null ? kind.keySet().iterator().next() : named;
        Spec spec = kind.get(written);
        if (named == null && kind.size() > 1 || spec == null) {
            throw refused(
                    "The model has the inputs " + kind.keySet() + ": name the one that is written by decoding(name)",
                    null);
        }
        if (spec.shape().numDimensions() != 2 || !IDS.contains(spec.type())) {
            throw refused(
                    "Expected ids [batch, steps] of type int32, int64 or float32 for input '" + written + "', got "
                            + spec,
                    null);
        }
        try {
            DecodedBody single = new DecodedBody(body, kind, written, 1);
            Set<DataType> types = tracer.trace(single.inputs(), single);
            DecodedBody several = new DecodedBody(body, kind, written, MANY);
            tracer.trace(several.inputs(), several);
            Limits limits = new Limits(kind, written, single.mostSteps(), single.knownIds(), tolerance(types));
            tracer.trace(DecodedBody.ofSteps(kind, written, limits.comparedSteps()), body);
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
        SplittableRandom random = new SplittableRandom(1);
        int[][] ids = new int[COMPARED_SERIES][limits.comparedSteps()];
        for (int[] row : ids) {
            Arrays.setAll(row, i -> random.nextInt(ids()));
        }
        Map<String, TType> others = new HashMap<>();
        try {
            limits.constant().forEach((name, spec) -> others.put(name, drawn(spec, random)));
            check(version, ids, others);
        } catch (OpException e) {
            throw refused(e.getMessage(), e);
        } finally {
            others.values().forEach(TType::close);
        }
    }

    private void check(Version version, int[][] ids, Map<String, TType> others) {
        float[][] expected = whole(version, ids, others);
        double largest = 0;
        for (float[] row : expected) {
            for (float score : row) {
                largest = Math.max(largest, Float.isFinite(score) ? Math.abs(score) : 0);
            }
        }
        int steps = limits.comparedSteps();
        int first = (steps + 1) / 2;
        try (DecodedSeries series = new DecodedSeries(version, this, steps, others, () -> {})) {
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
        }
    }

    /** So many ids, from 0 on, may be drawn. */
    private int ids() {
        return limits.knownIds() == Integer.MAX_VALUE ? Math.toIntExact(vocabulary()) : limits.knownIds();
    }

    /** An input that stays the same: numbers that are ids, too. */
    private TType drawn(Spec spec, SplittableRandom random) {
        long[] dimensions = spec.shape().asArray();
        Arrays.setAll(dimensions, i -> i == 0 ? COMPARED_SERIES : Math.max(dimensions[i], 1));
        int each = Math.toIntExact(Shape.of(dimensions).size() / COMPARED_SERIES);
        int[][] numbers = new int[COMPARED_SERIES][each];
        for (int[] row : numbers) {
            Arrays.setAll(row, i -> random.nextInt(ids()));
        }
        return tensor(spec.type(), Shape.of(dimensions), numbers, 0, each);
    }

    /** How many scores a step has. */
    private long vocabulary() {
        return one.outputs().values().iterator().next().shape().get(-1);
    }

    /** The scores of all steps of each series. */
    private float[][] whole(Version version, int[][] ids, Map<String, TType> others) {
        try (TType series = tensor(ids, 0, ids[0].length)) {
            List<TType> inputs = new ArrayList<>();
            limits.kind()
                    .keySet()
                    .forEach(name -> inputs.add(name.equals(limits.written()) ? series : others.get(name)));
            return version.run(whole, inputs).get(0).rows();
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

    /** Refuses a length that the model does not have, and other inputs than stay the same. */
    void requireFitting(int maxSteps, Map<String, TType> others) {
        if (maxSteps < 1 || maxSteps > limits.mostSteps()) {
            String most = limits.mostSteps() == Long.MAX_VALUE
                    ? ""
                    : " and at most " + limits.mostSteps() + ", for the positions that the model has learnt";
            throw new IllegalArgumentException("Expected a maxSteps of at least 1" + most + ", got " + maxSteps);
        }
        Map<String, Spec> constant = limits.constant();
        if (!others.keySet().equals(constant.keySet())) {
            throw new IllegalArgumentException("Expected a batch of the inputs that stay the same while '"
                    + limits.written() + "' is written, " + constant.keySet() + ", got " + others.keySet());
        }
        constant.forEach((name, spec) -> {
            TType tensor = others.get(name);
            if (tensor.dataType() != spec.type() || !spec.shape().isCompatibleWith(tensor.shape())) {
                throw new IllegalArgumentException("Input '" + name + "' takes " + spec
                        + ", the first for the series, got " + Tensors.name(tensor.dataType()) + " " + tensor.shape());
            }
        });
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
        DataType type = limits.kind().get(limits.written()).type();
        return tensor(type, Shape.of(ids.length, steps), ids, from, steps);
    }

    private static TType tensor(DataType type, Shape shape, int[][] ids, int from, int steps) {
        int[] all = new int[ids.length * steps];
        for (int i = 0; i < all.length; i++) {
            int[] row = ids[i / steps];
            all[i] = row[Math.min(from + i % steps, row.length - 1)];
        }
        return switch (type) {
            case DT_INT32 -> TInt32.tensorOf(shape, DataBuffers.of(all));
            case DT_INT64 ->
                TInt64.tensorOf(
                        shape, DataBuffers.of(Arrays.stream(all).asLongStream().toArray()));
            case DT_FLOAT ->
                TFloat32.tensorOf(shape, to -> {
                    FloatDataBuffer floats = to.asRawTensor().data().asFloats();
                    for (int i = 0; i < all.length; i++) {
                        floats.setFloat(all[i], i);
                    }
                });
            default -> throw refused("Expected inputs of type int32, int64 or float32, got " + type, null);
        };
    }
}
