package io.github.tapeloop.data;

import io.github.tapeloop.settings.Require;
import io.github.tapeloop.settings.Seeds;
import io.github.tapeloop.warning.Warnings;
import java.util.BitSet;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * A cut of a dataset in two: rows drawn at random for the second part, or the last ones. Windows share rows and a source of
 * unknown size can only be read in its order: those are cut in order, which is said.
 */
final class Cut {

    private final double fraction;
    private final OptionalLong seed;
    /** Whether the rows must stay together. */
    private final boolean inOrder;
    /** Whether equal rows must fall on the same side, whatever is kept of them. */
    private final boolean alike;

    private Cut(double fraction, OptionalLong seed, boolean inOrder, boolean alike) {
        this.fraction = Require.properFraction("the fraction of the second part", fraction);
        this.seed = seed;
        this.inOrder = inOrder;
        this.alike = alike;
    }

    static Cut drawn(double fraction, long seed) {
        return new Cut(fraction, OptionalLong.of(seed), false, false);
    }

    static Cut tail(double fraction) {
        return new Cut(fraction, OptionalLong.empty(), false, false);
    }

    /** The same with the rows of each part in one piece. */
    Cut inOrder() {
        return new Cut(fraction, seed, true, alike);
    }

    /** The same for datasets that share rows. */
    Cut alike() {
        return new Cut(fraction, seed, inOrder, true);
    }

    /**
     * Whether a filter is to be cut by the examples that it keeps, and not by the rows that it reads: where these are drawn,
     * each part has its share of what is kept anyway.
     */
    boolean countsWhatIsKept(Source below) {
        boolean draws = !inOrder
                && below.canDraw()
                && (seed.isPresent() || below.seedOfList().isPresent());
        return !alike && !draws;
    }

    /** How many of some examples are in the first part, as Keras counts them. */
    static long first(long examples, double fraction) {
        return (long) Math.floor(examples * (1.0 - fraction));
    }

    /** Cuts a source right here. */
    Source.Halves of(Source whole) {
        long overlap = whole.span().map(Source.Span::overlap).orElse(0L);
        OptionalLong drawnBy = seed.isPresent() ? seed : whole.seedOfList();
        boolean together = inOrder || whole.span().isPresent();
        if (whole.size().isEmpty()) {
            if (seed.isPresent() && !together) {
                Warnings.warn(
                        Dataset.class,
                        Dataset.from(whole)
                                + " can only be read in its order, since its size is not known: the second part"
                                + " is the last " + fraction
                                + " of its examples. To draw them, cache() it and read it once"
                                + " to its end, then split");
            }
            warnOfWindows(whole, overlap);
            return TailSource.halves(whole, fraction, overlap, seed.isEmpty());
        }
        long size = whole.size().getAsLong();
        long first = first(size, fraction);
        if (drawnBy.isPresent() && !together) {
            return draw(whole, Math.toIntExact(size), Math.toIntExact(first), drawnBy.getAsLong());
        }
        warnOfWindows(whole, overlap);
        Source.Halves halves = new Source.Halves(
                new PartSource(whole, new PartSource.Between(0, first)),
                new PartSource(whole.plain(), new PartSource.Between(Math.min(size, first + overlap), size)));
        if (seed.isEmpty() && whole.span().isEmpty() && whole.rows().isInMemory()) {
            Classes.warnOfDifference(whole.rows(), first);
        }
        return halves;
    }

    private void warnOfWindows(Source whole, long overlap) {
        if (whole.span().isPresent() && (seed.isPresent() || overlap > 0)) {
            Warnings.warn(
                    Dataset.class,
                    (seed.isPresent() ? "split(" + fraction + ", seed)" : "splitTail(" + fraction + ")") + " of "
                            + Dataset.from(whole) + " is cut in order, since windows share rows"
                            + (overlap == 0
                                    ? ""
                                    : ": the " + overlap
                                            + " windows between the parts that share rows with both are dropped"));
        }
    }

    /** Draws the second part. The draw depends on the number of rows and the seed only. */
    private static Source.Halves draw(Source whole, int size, int first, long seed) {
        SplittableRandom random = new SplittableRandom(Seeds.mix(Seeds.mix(seed, "split")));
        BitSet drawn = new BitSet(size);
        // Floyd's algorithm: each set of so many rows is as likely as any other.
        for (int last = first; last < size; last++) {
            int place = random.nextInt(last + 1);
            drawn.set(drawn.get(place) ? last : place);
        }
        return new Source.Halves(
                new PartSource(whole, new PartSource.Drawn(drawn, false, size)),
                new PartSource(whole.plain(), new PartSource.Drawn(drawn, true, size)));
    }
}
