package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.numbers;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Class weights become sample weights. */
class ClassWeightsTest {

    @Test
    void classWeightsFillTheSampleWeights() {
        Dataset weighted = numbers(4).classWeights(Map.of(1, 2.5, 3, 0));
        Dataset oneHot = Dataset.of(new float[][] {{0}, {1}}, new float[][] {{0, 1, 0}, {1, 0, 0}})
                .classWeights(Map.of(1, 3));
        assertEquals(List.of(1f, 2.5f, 1f, 0f), weights(weighted));
        assertEquals(List.of(0f, 1f), weights(weighted.skip(3).concat(weighted.take(1))));
        assertEquals(List.of(3f, 1f), weights(oneHot));
        assertThrows(IllegalArgumentException.class, () -> weighted.classWeights(Map.of()));
        assertThrows(IllegalArgumentException.class, () -> numbers(1).classWeights(Map.of(0, -1)));
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new float[][] {{1}})
                .classWeights(Map.of(0, 1)));
    }

    @Test
    void smoothedLabelsHaveTheNearestClass() {
        Map<Integer, Integer> weights = Map.of(0, 1, 1, 4, -1, 9);
        assertEquals(
                List.of(1f, 4f, 9f, 4f),
                weights(Dataset.of(new float[4][1], new float[][] {{0.05f}, {0.95f}, {-1}, {0.5f}})
                        .classWeights(weights)));
        assertEquals(
                List.of(1f, 4f),
                weights(Dataset.of(new double[2][1], new double[][] {{0.9, 0.1}, {0.05, 0.95}})
                        .classWeights(weights)));
    }

    @Test
    void targetsThatSayNoClassAreRefused() {
        Map<Integer, Integer> weights = Map.of(0, 1, 1, 10, 2, 100);
        for (float[] noClass : new float[][] {
            {Float.NaN}, {3e9f}, {Float.NEGATIVE_INFINITY}, {1, 1, 0}, {0, 0}, {5, 0, 1}, {-1, 2}, {Float.NaN, 1}
        }) {
            Dataset data = Dataset.of(new float[1][1], new float[][] {noClass}).classWeights(weights);
            String message =
                    assertThrows(DataException.class, () -> weights(data)).getMessage();
            assertTrue(message.contains("class weights"), message);
        }
        Dataset ids = Dataset.of(new Columns()
                        .input(ColumnData.of(new float[2][1]))
                        .target(ColumnData.of(new int[][] {{5, 0, 1}, {0, 2, 1}})))
                .classWeights(weights);
        assertThrows(DataException.class, () -> weights(ids));
        Dataset steps = Dataset.of(new Columns()
                .input(ColumnData.of(new float[2][1]))
                .target(ColumnData.of(new float[] {0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0}, Shape.of(2, 3))));
        String message = assertThrows(IllegalArgumentException.class, () -> steps.classWeights(weights))
                .getMessage();
        assertTrue(message.contains("one class an example") && message.contains("sampleWeight"), message);
        for (double weight : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY, 1e39}) {
            assertThrows(IllegalArgumentException.class, () -> numbers(2).classWeights(Map.of(0, weight)));
        }
    }

    private static List<Float> weights(Dataset data) {
        try (BatchIterator pass = data.batch(99).open(0, 0)) {
            TFloat32 weights =
                    pass.next().sampleWeight(Ops.create()).orElseThrow().asTensor();
            return IntStream.range(0, (int) weights.size())
                    .mapToObj(i -> weights.getFloat(i))
                    .toList();
        }
    }
}
