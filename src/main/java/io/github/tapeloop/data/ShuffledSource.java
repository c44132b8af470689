package io.github.tapeloop.data;

import io.github.tapeloop.settings.Seeds;
import java.io.IOException;
import java.util.ArrayList;
import java.util.OptionalLong;
import java.util.SplittableRandom;

/**
 * Shuffles through a buffer as tf.data does: each example delivered is drawn from the buffer and the next one of the
 * upstream takes its place. A buffer that holds the whole upstream gives a uniform permutation.
 */
record ShuffledSource(Source upstream, int buffer, OptionalLong ownSeed) implements Stage {

    @Override
    public ShuffledSource over(Source other) {
        return new ShuffledSource(other, buffer, ownSeed);
    }

    @Override
    public boolean isCuttable() {
        return false;
    }

    @Override
    public boolean isShuffled() {
        return true;
    }

    @Override
    public boolean isResumable() {
        return false;
    }

    @Override
    public Halves split(Cut cut) {
        Halves below = upstream.split(cut);
        return new Halves(over(below.first()), below.second());
    }

    @Override
    public Cursor open(long seed, int epoch) throws IOException {
        // Seeds and epochs that are neighbours must not give overlapping random sequences.
        SplittableRandom random = new SplittableRandom(Seeds.mix(Seeds.mix(ownSeed.orElse(seed)) + epoch));
        // A second shuffle below must not draw the same numbers: the square of a random permutation is not uniform.
        return new ShuffledCursor(upstream.open(Seeds.mix(~seed), epoch), buffer, random);
    }

    private static final class ShuffledCursor implements Cursor {

        private final Cursor upstream;
        private final int capacity;
        private final SplittableRandom random;
        private final ArrayList<Example> held = new ArrayList<>();
        private Example drawn;

        ShuffledCursor(Cursor upstream, int capacity, SplittableRandom random) {
            this.upstream = upstream;
            this.capacity = capacity;
            this.random = random;
        }

        @Override
        public boolean advance() throws IOException {
            while (held.size() < capacity && upstream.advance()) {
                held.add(upstream.example().toHold());
            }
            if (held.isEmpty()) {
                return false;
            }
            int index = random.nextInt(held.size());
            Example last = held.remove(held.size() - 1);
            drawn = index == held.size() ? last : held.set(index, last);
            return true;
        }

        @Override
        public Example example() {
            return drawn;
        }

        @Override
        public void close() throws IOException {
            held.clear();
            upstream.close();
        }
    }
}
