package io.github.tapeloop.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;

class RecordsTest {

    private record House(float area, int rooms, long id, int[] tokens) {}

    private static final List<House> HOUSES = List.of(
            new House(50.5f, 2, 1L << 40, new int[] {1}),
            new House(80, 3, 8, new int[] {1, 2, 3}),
            new House(120, 5, 9, new int[] {}));

    private static final Ops TF = Ops.create();

    @Test
    void functionsOfRecordsMakeColumns() {
        Dataset data = Dataset.ofRecords(
                HOUSES,
                new Fields<House>()
                        .input(Field.numbers(House::area, House::rooms))
                        .target(Field.integer(House::rooms))
                        .target("id", Field.longInteger(House::id))
                        .sampleWeight(house -> house.rooms() / 2.0));
        assertEquals(OptionalLong.of(3), data.size());
        try (BatchIterator pass = data.skip(1).batch(2).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(List.of("input"), batch.inputNames());
            assertEquals(List.of("target", "id"), batch.targetNames());
            assertEquals(List.of(80f, 3f, 120f, 5f), Values.input(batch));
            assertEquals(Shape.of(2, 2), Values.inputTensor(batch).shape());
            assertEquals(List.of(3, 5), Values.target(batch));
            assertInstanceOf(TInt32.class, Values.targetTensor(batch));
            TInt64 ids = assertInstanceOf(
                    TInt64.class, batch.target(TF, "id").asOutput().asTensor());
            assertEquals(9, ids.getLong(1));
            TFloat32 weights = batch.sampleWeight(TF).orElseThrow().asTensor();
            assertEquals(Shape.of(2), weights.shape());
            assertEquals(2.5f, weights.getFloat(1));
        }
    }

    @Test
    void arraysOfUnequalLengthArePadded() {
        Dataset data = Dataset.ofRecords(
                HOUSES, new Fields<House>().input(Field.integers(Shape.of(Shape.UNKNOWN_SIZE), House::tokens)));
        String message = assertThrows(IllegalArgumentException.class, () -> data.batch(3))
                .getMessage();
        assertTrue(message.contains("padBatch"), message);
        try (BatchIterator pass = data.padBatch(2).open(0, 0)) {
            assertEquals(List.of(1, 0, 0, 1, 2, 3), Values.input(pass.next()));
            assertEquals(List.of(0), Values.input(pass.next()));
        }
        PadTo padding = PadTo.lengths(2, 4).value(-1);
        try (BatchIterator pass = data.padBatch(3, padding).open(0, 0)) {
            assertEquals(List.of(1, -1, -1, -1, 1, 2, 3, -1, -1, -1, -1, -1), Values.input(pass.next()));
        }
    }

    @Test
    void aStreamIsClosedAfterAPassAndWhenAPassIsLeft() {
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        Dataset data = Dataset.ofStream(
                () -> {
                    opened.incrementAndGet();
                    return IntStream.range(0, 10).boxed().onClose(closed::incrementAndGet);
                },
                new Fields<Integer>().input(Field.numbers(i -> i)).target(Field.integer(i -> i)));
        assertEquals(OptionalLong.empty(), data.size());
        assertEquals(IntStream.range(0, 10).boxed().toList(), Values.order(data.batch(3), 0, 0));
        assertEquals(1, closed.get());
        try (BatchIterator pass = data.batch(3).prefetch(2).open(0, 0)) {
            pass.next();
        }
        assertEquals(2, opened.get());
        assertEquals(2, closed.get());
    }

    @Test
    void aFailingFunctionOrStreamIsNamedWithItsRecord() {
        Fields<Integer> fields = new Fields<Integer>().input("x", Field.numbers(i -> 1 / (i - 3)));
        Batches batches = Dataset.ofRecords(List.of(1, 2, 3), fields).batch(3);
        DataException failure = assertThrows(DataException.class, () -> Values.sizes(batches));
        assertTrue(failure.getMessage().contains("column \"x\" of record 2"), failure.getMessage());
        assertInstanceOf(ArithmeticException.class, failure.getCause());
        AtomicInteger closed = new AtomicInteger();
        Dataset stream = Dataset.ofStream(
                () -> Stream.of(1, 2, 0).map(i -> 6 / i).onClose(closed::incrementAndGet),
                new Fields<Integer>().input(Field.numbers(i -> i)));
        failure = assertThrows(DataException.class, () -> Values.sizes(stream.batch(1)));
        assertTrue(failure.getMessage().contains("record 2"), failure.getMessage());
        assertEquals(1, closed.get());
    }

    @Test
    void arraysOfAnotherLengthAreNamed() {
        Fields<Integer> fields = new Fields<Integer>().input(Field.floats(Shape.of(2), i -> new float[i]));
        Batches batches = Dataset.ofRecords(List.of(2, 3), fields).batch(2);
        String message =
                assertThrows(DataException.class, () -> Values.sizes(batches)).getMessage();
        assertTrue(
                message.contains("record 1") && message.contains("expected 2") && message.contains("gave 3"), message);
    }

    @Test
    void columnsHaveNamesAndWeights() {
        Dataset data = Dataset.of(new Columns()
                .target("price", ColumnData.of(new double[][] {{1}, {2}}))
                .input("tokens", ColumnData.of(new int[][] {{1, 2}, {3, 4}}))
                .input("ids", ColumnData.of(new long[] {7, 8}))
                .sampleWeight(new float[] {1, 0.5f}));
        try (BatchIterator pass = data.batch(2).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(List.of("tokens", "ids"), batch.inputNames());
            assertEquals(List.of(1, 2, 3, 4), Values.input(batch));
            assertEquals(List.of(1.0, 2.0), Values.target(batch));
            Batch again = batch.with(batch.columns(TF));
            assertEquals(batch.inputNames(), again.inputNames());
            assertEquals(4, again.columns(TF).names().size());
            String message = assertThrows(IllegalArgumentException.class, () -> batch.input(TF, "words"))
                    .getMessage();
            assertTrue(message.contains("words") && message.contains("[tokens, ids]"), message);
        }
        assertThrows(IllegalArgumentException.class, () -> Dataset.of(new Columns()));
        Columns one = new Columns().input(ColumnData.of(new int[] {1}));
        assertThrows(IllegalArgumentException.class, () -> one.input(ColumnData.of(new int[] {1})));
    }

    @Test
    void ndArraysKeepTheirDtypeAndShape() {
        Dataset data = Dataset.of(
                StdArrays.ndCopyOf(new float[][][] {{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}}), NdArrays.vectorOf(5L, 6L));
        try (BatchIterator pass = data.skip(1).batch(1).open(0, 0)) {
            Batch batch = pass.next();
            assertEquals(Shape.of(1, 2, 2), Values.inputTensor(batch).shape());
            assertEquals(List.of(5f, 6f, 7f, 8f), Values.input(batch));
            assertEquals(List.of(6L), Values.target(batch));
        }
        assertThrows(IllegalArgumentException.class, () -> ColumnData.of(NdArrays.scalarOf(1f)));
        assertThrows(IllegalArgumentException.class, () -> ColumnData.of(NdArrays.vectorOf((byte) 1)));
    }

    @Test
    void stepsOfAnyShapeArePadded() {
        List<float[]> series = List.of(new float[] {1, 2}, new float[] {3, 4, 5, 6, 7, 8}, new float[0]);
        Dataset data = Dataset.ofRecords(
                series, new Fields<float[]>().input(Field.floats(Shape.of(Shape.UNKNOWN_SIZE, 2), each -> each)));
        try (BatchIterator batches = data.padBatch(3).open(0, 0)) {
            Batch batch = batches.next();
            assertEquals(Shape.of(3, 3, 2), Values.inputTensor(batch).shape());
            assertEquals(
                    List.of(1f, 2f, 0f, 0f, 0f, 0f, 3f, 4f, 5f, 6f, 7f, 8f, 0f, 0f, 0f, 0f, 0f, 0f),
                    Values.input(batch));
        }
        StringBuilder shapes = new StringBuilder();
        for (Batch batch : data.bucketByLength(2, 2)) {
            shapes.append(Values.inputTensor(batch).shape());
        }
        assertEquals("[2, 2, 2][1, 3, 2]", shapes.toString());
        Dataset odd = Dataset.ofRecords(
                List.of(new float[3]),
                new Fields<float[]>().input(Field.floats(Shape.of(Shape.UNKNOWN_SIZE, 2), each -> each)));
        String message = assertThrows(DataException.class, () -> Values.sizes(odd.padBatch(1)))
                .getMessage();
        assertTrue(message.contains("3 values, which are no whole steps of 2"), message);
        for (Shape shape : List.of(
                Shape.of(2, Shape.UNKNOWN_SIZE),
                Shape.of(Shape.UNKNOWN_SIZE, Shape.UNKNOWN_SIZE),
                Shape.unknown(),
                Shape.of(Shape.UNKNOWN_SIZE, 0))) {
            assertThrows(IllegalArgumentException.class, () -> new Fields<float[]>()
                    .input(Field.floats(shape, each -> each)));
        }
    }

    @Test
    void anArrayThatAFunctionGivesAgainAndAgainIsCopied() {
        float[] same = new float[2];
        Dataset data = Dataset.ofRecords(
                List.of(1f, 2f, 3f), new Fields<Float>().input(Field.floats(Shape.of(Shape.UNKNOWN_SIZE), value -> {
                            java.util.Arrays.fill(same, value);
                            return same;
                        })));
        for (Dataset each : List.of(data, data.cache(), data.map(row -> row), data.shuffle(1))) {
            try (BatchIterator batches = each.padBatch(3).open(0, 0)) {
                assertEquals(List.of(1f, 1f, 2f, 2f, 3f, 3f), Values.input(batches.next()));
            }
        }
    }
}
