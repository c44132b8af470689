package io.github.tapeloop.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What a trial leaves to chance: the same throws for the same seed. */
final class Dice {

    private final SplittableRandom random;

    Dice(long seed) {
        random = new SplittableRandom(seed);
        random.nextLong();
    }

    /** A number from 0 to below a bound. */
    int below(int bound) {
        return random.nextInt(bound);
    }

    /** A number between two, both included. */
    int between(int low, int high) {
        return low + below(high - low + 1);
    }

    double unit() {
        return random.nextDouble();
    }

    /** A number between two. */
    double between(double low, double high) {
        return low + (high - low) * unit();
    }

    boolean chance(double probability) {
        return unit() < probability;
    }

    long any() {
        return random.nextLong();
    }

    <T> T of(List<? extends T> some) {
        return some.get(below(some.size()));
    }

    @SafeVarargs
    final <T> T oneOf(T... some) {
        return some[below(some.length)];
    }

    int of(int... some) {
        return some[below(some.length)];
    }

    /** A bell curve, nearly. */
    double normal() {
        double sum = 0;
        for (int i = 0; i < 12; i++) {
            sum += unit();
        }
        return sum - 6;
    }

    /** Some of a list, in an order of its own. */
    <T> List<T> some(List<T> all, int count) {
        List<T> left = new ArrayList<>(all);
        List<T> drawn = new ArrayList<>();
        while (drawn.size() < count && !left.isEmpty()) {
            drawn.add(left.remove(below(left.size())));
        }
        return drawn;
    }
}
