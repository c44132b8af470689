package io.github.tapeloop.data;

import io.github.tapeloop.warning.Warnings;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The classes of examples in their order, to compare those before a cut with those after it. Targets are classes if they are
 * a whole number or one-hot, and the different ones are few. Used by one thread.
 */
final class Classes {

    /** Beyond so many only each n-th example is looked at. */
    private static final long MOST = 1 << 20;

    /** Targets with fewer rows each are no classes but numbers. */
    private static final int ROWS_A_CLASS = 3;

    private static final int NONE = Integer.MIN_VALUE;
    private static final String WHAT = "The last part of the data, which is cut off, differs from the rest: ";
    private static final String CURE =
            ". Draw the part at random: Batches.split(fraction, seed), and Fit.validation(…) of it";

    private final Column target;
    private final int index;
    private int[] classes = new int[64];
    private int count;
    private boolean areClasses;

    private Classes(List<Column> columns) {
        Layout layout = Layout.of(columns);
        this.index = layout.inputs().size();
        this.areClasses = layout.targets().size() == 1
                && !columns.get(index).isOpen()
                && columns.get(index).shape().numDimensions() <= 1;
        this.target = areClasses ? columns.get(index) : null;
    }

    static Classes of(List<Column> columns) {
        return new Classes(columns);
    }

    /** Compares the first examples of a source with the others. */
    static void warnOfDifference(Source source, long first) {
        Classes classes = new Classes(source.columns());
        Interrupts.begin();
        long step = 1 + source.size().orElse(0) / MOST;
        try (Cursor cursor = source.open(0, 0)) {
            while (classes.areClasses && cursor.advance()) {
                classes.add(cursor.example());
                cursor.skip(step - 1);
            }
        } catch (IOException | RuntimeException e) {
            return; // Who reads the examples will be told what is wrong with them.
        }
        classes.warnOfDifference(first / step);
    }

    void add(Example example) throws IOException {
        if (!areClasses) {
            return;
        }
        Object values = example.toArray(index, target);
        int found = target.width() == 1 ? whole(target.dtype().at(values, 0)) : place(target.dtype(), values);
        if (found == NONE) {
            areClasses = false;
            return;
        }
        if (count == classes.length) {
            classes = Arrays.copyOf(classes, 2 * count);
        }
        classes[count++] = found;
    }

    private static int whole(double value) {
        return value == Math.rint(value) && Math.abs(value) <= Integer.MAX_VALUE ? (int) value : NONE;
    }

    /** Where the only 1 among zeros is. */
    private static int place(Dtype dtype, Object values) {
        int found = NONE;
        for (int i = 0; i < dtype.length(values); i++) {
            double value = dtype.at(values, i);
            if (value != 0 && (value != 1 || found != NONE)) {
                return NONE;
            }
            found = value == 1 ? i : found;
        }
        return found;
    }

    void warnOfDifference(long first) {
        if (!areClasses || first < 1 || first >= count) {
            return;
        }
        Map<Integer, long[]> counts = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            counts.computeIfAbsent(classes[i], key -> new long[2])[i < first ? 0 : 1]++;
        }
        if (counts.size() < 2 || counts.size() > count / ROWS_A_CLASS) {
            return;
        }
        List<Integer> unknown = counts.entrySet().stream()
                .filter(entry -> entry.getValue()[0] == 0)
                .map(Map.Entry::getKey)
                .toList();
        if (!unknown.isEmpty()) {
            Warnings.warn(Dataset.class, WHAT + "it alone has the classes " + Texts.cut(unknown) + CURE);
        } else if (differ(counts, first)) {
            Warnings.warn(Dataset.class, WHAT + "its shares of the classes are others" + CURE);
        }
    }

    /** Pearson's chi-squared against a bound that chance goes beyond about once in a million times. */
    private boolean differ(Map<Integer, long[]> counts, long first) {
        double squared = 0;
        for (long[] both : counts.values()) {
            double expected = (both[0] + both[1]) * (double) first / count;
            double others = both[0] + both[1] - expected;
            squared += (both[0] - expected) * (both[0] - expected) * (1 / expected + 1 / others);
        }
        int freedom = counts.size() - 1;
        // Wilson and Hilferty (1931): the cube root is nearly normal.
        double spread = 2.0 / (9 * freedom);
        double bound = freedom * Math.pow(1 - spread + 4.75 * Math.sqrt(spread), 3);
        return squared > bound;
    }
}
