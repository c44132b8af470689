package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.numbers;
import static io.github.tapeloop.data.Values.order;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

class DatasetTest {

    private static void assertRejected(String part, Executable call) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void rowsAndClassesBecomeFloat32AndInt32() {
        Dataset data = Dataset.of(new float[][] {{1, 2}, {3, 4}}, new int[] {7, 8});
        try (BatchIterator pass = data.batch(2).open(0, 0)) {
            Batch batch = pass.next();
            assertInstanceOf(TFloat32.class, Values.inputTensor(batch));
            assertInstanceOf(TInt32.class, Values.targetTensor(batch));
            assertEquals(Shape.of(2, 2), Values.inputTensor(batch).shape());
            assertEquals(Shape.of(2), Values.targetTensor(batch).shape());
            assertEquals(List.of(1f, 2f, 3f, 4f), Values.input(batch));
            assertEquals(List.of(7, 8), Values.target(batch));
        }
    }

    @Test
    void rowsOfTargetsBecomeFloat32() {
        Dataset data = Dataset.of(new float[][] {{1}, {2}}, new float[][] {{3, 4, 5}, {6, 7, 8}});
        try (BatchIterator pass = data.batch(2).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(Shape.of(2, 3), Values.targetTensor(batch).shape());
            assertEquals(List.of(3f, 4f, 5f, 6f, 7f, 8f), Values.target(batch));
        }
    }

    @Test
    void doublesFlowThroughAsFloat64() {
        Dataset data = Dataset.of(new double[][] {{0.1}, {0.2}}, new double[][] {{1e300}, {-1e300}});
        try (BatchIterator pass = data.batch(2).open(0, 0)) {
            Batch batch = pass.next();
            assertInstanceOf(TFloat64.class, Values.inputTensor(batch));
            assertEquals(List.of(0.1, 0.2), Values.input(batch));
            assertEquals(List.of(1e300, -1e300), Values.target(batch));
        }
    }

    @Test
    void aStreamOfInt64TargetsKeepsItsDtype() {
        try (BatchIterator pass = Dataset.from(ScriptedSource.of(3)).batch(3).open(0, 0)) {
            Batch batch = pass.next();
            assertInstanceOf(TInt64.class, Values.targetTensor(batch));
            assertEquals(List.of(0L, 1L, 2L), Values.target(batch));
        }
    }

    @Test
    void aFlatArrayTakesTheShapeOfItsExamples() {
        float[] values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
        Dataset data = Dataset.of(values, Shape.of(2, 3, 1), new int[] {0, 1});
        try (BatchIterator pass = data.skip(1).batch(4).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(Shape.of(1, 2, 3, 1), Values.inputTensor(batch).shape());
            assertEquals(List.of(6f, 7f, 8f, 9f, 10f, 11f), Values.input(batch));
        }
    }

    @Test
    void inputsAloneHaveNoTarget() {
        try (BatchIterator pass = Dataset.of(new float[][] {{1}, {2}}).batch(2).open(0, 0)) {
            assertFalse(pass.next().hasTarget());
        }
    }

    @Test
    void arraysThatDoNotFitAreNamed() {
        int[] two = {0, 1};
        assertRejected("input[1] has 1 values but input[0] has 2", () -> Dataset.of(new float[][] {{1, 2}, {3}}, two));
        assertRejected(
                "target[1] has 2 values", () -> Dataset.of(new double[][] {{1}, {2}}, new double[][] {{1}, {2, 3}}));
        assertRejected("input[1] is null", () -> Dataset.of(new float[][] {{1}, null}));
        assertRejected("input has 1 rows but target has 2", () -> Dataset.of(new float[][] {{1}}, two));
        assertRejected("input has no rows", () -> Dataset.of(new float[0][]));
        assertRejected("input[0] has no values", () -> Dataset.of(new float[][] {{}, {}}, two));
        assertRejected("not a multiple of 2", () -> Dataset.of(new float[3], Shape.of(2), two));
        assertRejected("input has 3 rows but target has 2", () -> Dataset.of(new float[6], Shape.of(2), two));
        assertRejected("input has no rows", () -> Dataset.of(new float[0], Shape.of(2), new int[0]));
        assertRejected("fully known", () -> Dataset.of(new float[4], Shape.of(Shape.UNKNOWN_SIZE), two));
        assertRejected("1 to 2147483647 elements", () -> Dataset.of(new float[4], Shape.of(0), two));
    }

    @Test
    void numbersOutOfRangeAreNamed() {
        Dataset data = numbers(4);
        assertRejected("at least 1, but got 0", () -> data.batch(0));
        assertRejected("at least 1 example, but got 0", () -> data.shuffle(0));
        assertRejected("take(-1)", () -> data.take(-1));
        assertRejected("skip(-2)", () -> data.skip(-2));
        assertRejected("prefetch(-1)", () -> data.batch(1).prefetch(-1));
        assertRejected("take(-1)", () -> data.batch(1).take(-1));
    }

    @Test
    void aBatchBeyondOneArrayIsRejected() {
        List<Column> wide = List.of(Column.input(Dtype.FLOAT32, Shape.of(1 << 20)));
        assertRejected("use a smaller batch", () -> new BatchBuffer(wide, PadTo.longest(), new TensorPool(wide))
                .requireRoom(1 << 12));
    }

    @Test
    void takeAndSkipCutThePipelineWhereTheyStand() {
        assertEquals(List.of(0, 1, 2), order(numbers(10).take(3).batch(2), 0, 0));
        assertEquals(List.of(7, 8, 9), order(numbers(10).skip(7).batch(2), 0, 0));
        assertEquals(List.of(4, 5), order(numbers(10).skip(4).take(2).batch(2), 0, 0));
        assertEquals(List.of(4), order(numbers(10).take(5).skip(4).batch(2), 0, 0));
        assertEquals(List.of(), order(numbers(10).skip(11).batch(2), 0, 0));
        assertEquals(10, order(numbers(10).take(99).batch(2), 0, 0).size());
    }

    @Test
    void takeAfterShuffleTakesFromTheShuffledOrder() {
        Dataset shuffled = numbers(100).shuffle(100);
        List<Integer> all = order(shuffled.batch(10), 3, 1);
        assertEquals(all.subList(0, 20), order(shuffled.take(20).batch(10), 3, 1));
        assertEquals(all.subList(80, 100), order(shuffled.skip(80).batch(10), 3, 1));
        assertEquals(
                20,
                order(numbers(100).take(20).shuffle(20).batch(10), 3, 1).stream()
                        .filter(value -> value < 20)
                        .count());
    }

    @Test
    void streamsAreTakenAndSkippedToo() {
        assertEquals(
                List.of(2f, 3f),
                Values.input(Dataset.from(ScriptedSource.of(5))
                        .skip(2)
                        .take(2)
                        .batch(9)
                        .open(0, 0)
                        .next()));
    }

    @Test
    void sizesAreKnownForArraysOnly() {
        assertEquals(OptionalLong.of(10), numbers(10).shuffle(3).size());
        assertEquals(OptionalLong.of(3), numbers(10).take(3).size());
        assertEquals(OptionalLong.of(0), numbers(10).skip(30).size());
        assertEquals(OptionalLong.of(2), numbers(10).skip(4).take(2).size());
        assertEquals(
                OptionalLong.empty(), Dataset.from(ScriptedSource.of(3)).take(2).size());
    }

    @Test
    void splitFollowsKeras() {
        Dataset.Split split = numbers(10).splitTail(0.25);
        assertEquals(List.of(0, 1, 2, 3, 4, 5, 6), order(split.first().batch(3), 0, 0));
        assertEquals(List.of(7, 8, 9), order(split.second().batch(3), 0, 0));
    }

    @Test
    void splitCutsBelowTheShuffles() {
        Dataset.Split split = numbers(100).shuffle(100).shuffle(10).splitTail(0.2);
        List<Integer> first = order(split.first().batch(8), 5, 2);
        assertEquals(
                IntStream.range(0, 80).boxed().toList(), first.stream().sorted().toList());
        assertFalse(first.equals(IntStream.range(0, 80).boxed().toList()));
        assertEquals(
                IntStream.range(80, 100).boxed().toList(), order(split.second().batch(8), 5, 2));
    }

    @Test
    void splitOfACutShuffleIsRejected() {
        Dataset cut = numbers(100).shuffle(100).take(50);
        String message = assertThrows(IllegalStateException.class, () -> cut.splitTail(0.2))
                .getMessage();
        assertTrue(message.contains("call split() before take()"), message);
        assertThrows(IllegalStateException.class, () -> cut.shuffle(50).splitTail(0.2));
    }

    @Test
    void splitNeedsAFractionAndTwoParts() {
        for (double fraction : new double[] {0, 1, -0.1, 1.5, Double.NaN}) {
            assertRejected(
                    "second part in (0, 1), got " + fraction, () -> numbers(10).splitTail(fraction));
            assertRejected(
                    "second part in (0, 1), got " + fraction, () -> numbers(10).split(fraction, 1));
        }
        assertRejected("splitTail(0.5) of Dataset[input", () -> numbers(1).splitTail(0.5));
        assertRejected("gives 0 and 1; choose", () -> numbers(1).splitTail(0.5));
        assertRejected("split(0.5, 7)", () -> numbers(1).batch(1).split(0.5, 7));
    }

    @Test
    void aDescriptionNamesColumnsAndSize() {
        assertEquals(
                "Dataset[input float32 [1], target int32 []; 4 examples]",
                numbers(4).toString());
        assertEquals(
                "Dataset[input float32 [1], target int64 []; unknown size]",
                Dataset.from(ScriptedSource.of(1)).toString());
    }
}
