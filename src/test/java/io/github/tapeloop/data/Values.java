package io.github.tapeloop.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.NdArray;
import org.tensorflow.op.Ops;

/** What tests read out of batches. */
final class Values {

    private static final Ops TF = Ops.create();

    private Values() {}

    /** n examples: input [i], target i. */
    static Dataset numbers(int n) {
        float[][] inputs = new float[n][1];
        int[] targets = new int[n];
        for (int i = 0; i < n; i++) {
            inputs[i][0] = i;
            targets[i] = i;
        }
        return Dataset.of(inputs, targets);
    }

    static List<Object> input(Batch batch) {
        return flat(batch.input(TF).asOutput().asTensor());
    }

    static List<Object> target(Batch batch) {
        return flat(batch.target(TF).asOutput().asTensor());
    }

    static Tensor inputTensor(Batch batch) {
        return batch.input(TF).asOutput().asTensor();
    }

    static Tensor targetTensor(Batch batch) {
        return batch.target(TF).asOutput().asTensor();
    }

    /** The input values of a pass over {@link #numbers}, after a look at each target. */
    static List<Integer> order(Batches batches, long seed, int epoch) {
        try (BatchIterator pass = batches.open(seed, epoch)) {
            return order(pass);
        }
    }

    static List<Integer> order(BatchIterator pass) {
        List<Integer> order = new ArrayList<>();
        while (pass.hasNext()) {
            Batch batch = pass.next();
            List<Integer> inputs = input(batch).stream()
                    .map(value -> ((Float) value).intValue())
                    .toList();
            if (batch.hasTarget() && !inputs.equals(target(batch))) {
                throw new AssertionError("inputs " + inputs + " parted from their targets " + target(batch));
            }
            order.addAll(inputs);
        }
        return order;
    }

    static List<Integer> sizes(Batches batches) {
        List<Integer> sizes = new ArrayList<>();
        for (Batch batch : batches) {
            sizes.add(batch.size());
        }
        return sizes;
    }

    /** Native objects that JavaCPP has allocated and not freed. */
    static long nativeObjects() {
        return Pointer.totalCount();
    }

    /** The input values of each example of a pass. */
    static List<List<Object>> examples(Dataset data, long seed, int epoch) {
        List<List<Object>> examples = new ArrayList<>();
        Column column = data.source.columns().get(0);
        try (Cursor cursor = data.source.open(seed, epoch)) {
            while (cursor.advance()) {
                float[] values = (float[]) cursor.example().toArray(0, column);
                List<Object> boxed = new ArrayList<>();
                for (float value : values) {
                    boxed.add(value);
                }
                examples.add(boxed);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return examples;
    }

    /** What is written to standard error, where slf4j-simple writes in tests. */
    static String said(Runnable work) {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try {
            work.run();
        } finally {
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }

    private static List<Object> flat(Tensor tensor) {
        List<Object> values = new ArrayList<>();
        ((NdArray<?>) tensor).scalars().forEach(scalar -> values.add(scalar.getObject()));
        return values;
    }
}
