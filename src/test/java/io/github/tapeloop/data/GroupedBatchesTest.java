package io.github.tapeloop.data;

import static io.github.tapeloop.data.Values.numbers;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Groups of batches for several steps a call have the examples of the single batches. */
class GroupedBatchesTest {

    @Test
    void groupsDropNoMoreThanTheRemainderOfTheBatches() {
        for (Dataset data : List.of(Values.numbers(11), Values.numbers(11).filter(row -> true))) {
            Batches batches = data.batch(2, true);
            assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), Values.order(batches, 0, 0));
            for (int group : new int[] {1, 2, 4, 9}) {
                assertEquals(
                        Values.order(batches, 0, 0), Values.order(batches.grouped(() -> group), 0, 0), "by " + group);
            }
        }
    }

    @Test
    void eachBatchOfAGroupIsPaddedAsByItself() {
        int[][] tokens = IntStream.range(0, 23)
                .mapToObj(
                        i -> IntStream.range(0, 1 + i / 4 % 3).map(at -> i + 1).toArray())
                .toArray(int[][]::new);
        Dataset data = Dataset.of(new Columns().input(ColumnData.ragged(tokens)).target(ColumnData.of(new int[23])));
        for (Batches batches :
                List.of(data.padBatch(2), data.padBatch(2, PadTo.lengths(2, 4)), data.bucketByLength(2, 1, 2))) {
            List<String> single = rows(batches);
            for (int group = 1; group <= 5; group++) {
                int size = group;
                assertEquals(single, rows(batches.grouped(() -> size)), "by " + group);
                assertEquals(single, rows(batches.grouped(() -> size).prefetch(1)), "by " + group);
            }
        }
    }

    @Test
    void whatFailsInAGroupFailsAfterTheBatchesBeforeIt() {
        for (int failing : new int[] {0, 1, 5, 6, 7, 11}) {
            for (int prefetch = 0; prefetch < 2; prefetch++) {
                Batches batches = numbers(20)
                        .map(row -> {
                            if (row.number() == failing) {
                                throw new IllegalStateException("this one");
                            }
                            return row;
                        })
                        .batch(2)
                        .grouped(() -> 4)
                        .prefetch(prefetch);
                List<Object> came = new ArrayList<>();
                DataException thrown = assertThrows(DataException.class, () -> {
                    for (Batch batch : batches) {
                        came.addAll(Values.target(batch));
                    }
                });
                assertTrue(thrown.getMessage().contains("example " + failing), thrown.getMessage());
                assertEquals(IntStream.range(0, failing / 2 * 2).boxed().toList(), came);
            }
        }
    }

    @Test
    void aGroupThatIsCutIsContinuedWithWhatIsLeftOfIt() {
        int[][] lengths = {{1}, {1}, {1, 1}, {1, 1}, {1, 1}, {1}, {1}, {1}};
        Dataset data = Dataset.of(new Columns().input(ColumnData.ragged(lengths)));
        List<Integer> asked = new ArrayList<>();
        Batches batches = data.padBatch(1).grouped(() -> {
            asked.add(4);
            return 4;
        });
        assertEquals(List.of(2, 2, 1, 3), Values.sizes(batches));
        assertEquals(3, asked.size(), "twice, and once more at the end");
        assertEquals(
                List.of(3, 3), Values.sizes(numbers(7).batch(1, true).take(6).grouped(() -> 3)));
        assertEquals(List.of(4, 2), Values.sizes(numbers(7).batch(2, true).grouped(() -> 2)));
        assertEquals(List.of(4, 3), Values.sizes(numbers(7).batch(2).grouped(() -> 2)));
    }

    /** Every row with its padding. */
    private static List<String> rows(Batches batches) {
        List<String> rows = new ArrayList<>();
        for (Batch batch : batches) {
            List<Object> values = Values.input(batch);
            int length = values.size() / batch.size();
            for (int row = 0; row < batch.size(); row++) {
                rows.add(values.subList(row * length, (row + 1) * length).toString());
            }
        }
        return rows;
    }
}
