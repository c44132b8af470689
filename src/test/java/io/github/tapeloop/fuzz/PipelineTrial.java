package io.github.tapeloop.fuzz;

import io.github.tapeloop.data.Batch;
import io.github.tapeloop.data.BatchIterator;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.ColumnData;
import io.github.tapeloop.data.Columns;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import io.github.tapeloop.data.PadTo;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;

/** A pipeline of random stages over a source that may be odd, read twice: the same rows for the same seed and epoch. */
final class PipelineTrial implements Trial {

    private static final int MOST_BATCHES = 200;

    private final TapeSession session =
            TapeSession.builder().threads(1, 1).seed(1).build();
    private final StringBuilder words = new StringBuilder();
    private int threads = -1;
    private int trials;

    @Override
    public void run(Dice dice, Journal journal) throws Exception {
        words.setLength(0);
        int before = session.liveHandles();
        try {
            Dataset data = source(dice);
            for (int stages = dice.below(6); stages > 0; stages--) {
                journal.note(words.toString());
                data = stage(data, dice);
            }
            Batches batches = batches(data, dice);
            journal.note(words.toString());
            long epoch = dice.below(3);
            List<String> first = read(batches, (int) epoch, dice.chance(0.2) ? dice.below(5) : MOST_BATCHES);
            List<String> second = read(batches, (int) epoch, MOST_BATCHES);
            journal.outcome("read");
            if (!second.subList(0, Math.min(first.size(), second.size())).equals(first)) {
                journal.finding("differs", words + " " + first + " " + second);
            }
            batches.size().ifPresent(size -> {
                boolean grouped = words.indexOf("then 3") >= 0; // Its size is that of the batches it joins.
                if (second.size() < MOST_BATCHES && second.size() != size && !grouped) {
                    journal.finding("size", words + " of " + size + " batches has " + second.size());
                }
            });
        } catch (RuntimeException e) {
            if (e instanceof IllegalArgumentException
                    || e instanceof IllegalStateException
                    || e instanceof UnsupportedOperationException
                    || e.getClass().getName().startsWith("io.github.tapeloop")) {
                journal.outcome("refused");
                if (e.getMessage() == null || e.getMessage().isBlank()) {
                    journal.finding("no-words", words + " " + e);
                }
            } else {
                journal.finding("threw", words + " " + e + " at " + TrialLoop.place(e));
            }
        } catch (OutOfMemoryError e) {
            journal.finding("memory", words + " " + e);
        }
        if (session.liveHandles() != before) {
            journal.finding("leak", session.liveHandles() - before + " by " + words);
        }
        int now = Thread.getAllStackTraces().size();
        trials++;
        if (trials == 20) {
            threads = now;
        } else if (trials > 20 && now > threads + 8) {
            journal.finding(
                    "threads",
                    now + " after " + words + Thread.getAllStackTraces().keySet());
            threads = now;
        }
    }

    private List<String> read(Batches batches, int epoch, int most) {
        List<String> rows = new ArrayList<>();
        try (BatchIterator iterator = batches.open(7, epoch)) {
            while (rows.size() < most && iterator.hasNext()) {
                try (Batch batch = iterator.next();
                        TensorScope scope = session.scope()) {
                    StringBuilder text = new StringBuilder();
                    for (String name : batch.inputNames()) {
                        Operand<?> input = batch.input(session.tf(), name);
                        text.append(name).append(Tensors.shape(input)).append(Arrays.toString(session.doubles(input)));
                    }
                    rows.add(text.toString());
                }
            }
        }
        return rows;
    }

    private int small(Dice dice) {
        return dice.of(0, 1, 1, 2, 2, 3, 4, 5, 8, 100, -1, Integer.MAX_VALUE);
    }

    private int positive(Dice dice) {
        return dice.of(1, 1, 2, 2, 3, 4, 5, 8, 100);
    }

    private Dataset source(Dice dice) {
        int rows = dice.of(0, 1, 2, 3, 5, 8, 13);
        int width = dice.of(0, 1, 1, 2, 3);
        words.append(rows).append('x').append(width);
        float[][] values = new float[rows][width];
        int[] labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            labels[i] = dice.below(3);
            for (int k = 0; k < width; k++) {
                values[i][k] = dice.chance(0.02) ? Float.NaN : i + k / 10f;
            }
        }
        switch (dice.below(5)) {
            case 0 -> {
                words.append(" ragged");
                float[][] ragged = new float[rows][];
                for (int i = 0; i < rows; i++) {
                    ragged[i] = new float[dice.below(4)];
                    Arrays.fill(ragged[i], i);
                }
                return Dataset.of(new Columns().input(ColumnData.ragged(ragged)).target(ColumnData.of(labels)));
            }
            case 1 -> {
                words.append(" records");
                List<Integer> records = IntStream.range(0, rows).boxed().toList();
                return Dataset.ofRecords(records, fields(dice, width));
            }
            case 2 -> {
                words.append(" stream");
                int repeats = dice.below(3);
                return Dataset.ofStream(
                        () -> repeats == 0
                                ? Stream.<Integer>of()
                                : IntStream.range(0, rows).boxed(),
                        fields(dice, width));
            }
            default -> {
                return Dataset.of(values, labels);
            }
        }
    }

    private Fields<Integer> fields(Dice dice, int width) {
        int bad = dice.chance(0.2) ? dice.below(6) : -1;
        return new Fields<Integer>()
                .input(Field.floats(Shape.of(width), i -> i == bad ? new float[width + 1] : filled(width, i)))
                .target(Field.integer(i -> {
                    if (i == bad + 1 && bad >= 0) {
                        throw new IllegalStateException("a field of the user's fails");
                    }
                    return i % 3;
                }));
    }

    private static float[] filled(int width, int value) {
        float[] values = new float[width];
        Arrays.fill(values, value);
        return values;
    }

    private Dataset stage(Dataset data, Dice dice) {
        int which = dice.below(15);
        int n = small(dice);
        int m = positive(dice);
        words.append(" stage ")
                .append(which)
                .append('(')
                .append(n)
                .append(',')
                .append(m)
                .append(')');
        return switch (which) {
            case 0 -> data.shuffle(n);
            case 1 -> data.take(n);
            case 2 -> data.skip(n);
            case 3 -> data.map(row -> row);
            case 4 -> data.map(m, row -> row.with("input", row.floats("input")));
            case 5 -> data.filter(row -> row.number() % 2 == 0);
            case 6 -> data.concat(data);
            case 7 -> data.interleave(n, data);
            case 8 -> data.cache();
            case 9 -> data.repeat(dice.of(1, 2, 3, 0, -1));
            case 10 -> data.window(n, m);
            case 11 -> data.classWeights(Map.of(0, 1, 1, 2, 2, dice.of(0, 3)));
            case 12 -> {
                double fraction = dice.oneOf(0.0, 0.2, 0.5, 0.5, 0.8, 1.0, 1.5, Double.NaN);
                Dataset.Split split = dice.chance(0.5) ? data.split(fraction, m) : data.splitTail(fraction);
                yield dice.chance(0.5) ? split.first() : split.second();
            }
            case 13 ->
                data.peek(number -> {
                    if (n == 3 && number == 2) {
                        throw new UnsupportedOperationException("a peek of the user's fails");
                    }
                });
            default -> data.shuffle(m, 3);
        };
    }

    private Batches batches(Dataset data, Dice dice) {
        int which = dice.below(5);
        int n = dice.chance(0.85) ? positive(dice) : small(dice);
        words.append(" batch ").append(which).append('(').append(n).append(')');
        Batches batches =
                switch (which) {
                    case 0 -> data.padBatch(n);
                    case 1 ->
                        data.padBatch(n, PadTo.lengths(dice.of(1, 2, 3, 4)).value(dice.normal()));
                    case 2 -> data.bucketByLength(n, 1, dice.between(2, 4));
                    default -> data.batch(n, dice.chance(0.3));
                };
        for (int more = dice.below(3); more > 0; more--) {
            int way = dice.below(5);
            int k = dice.chance(0.8) ? positive(dice) : small(dice);
            words.append(" then ").append(way).append('(').append(k).append(')');
            batches = switch (way) {
                case 0 -> batches.prefetch(k);
                case 1 -> batches.take(k);
                case 2 -> batches.skip(k);
                case 3 -> batches.grouped(() -> k);
                default ->
                    dice.chance(0.5)
                            ? batches.split(0.3, k).train()
                            : batches.splitTail(0.3).validation();
            };
        }
        return batches;
    }
}
