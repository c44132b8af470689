package io.github.tapeloop.store;

import io.github.tapeloop.settings.Require;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which checkpoints of a directory stay: those that any of the rules keeps, and always the newest. The rules say so and do nothing; {@link
 * CheckpointDirectory} deletes. Immutable.
 */
public final class Retention {

    /**
     * A checkpoint that is on disk.
     *
     * @param number counts the checkpoints of a directory
     * @param step how many steps were taken until then
     * @param scores what was measured last
     */
    public record Kept(long number, long step, Map<String, Double> scores) {}

    /** One rule: of the checkpoints on disk, oldest first, those to keep. */
    private interface Rule {
        List<Kept> keeps(List<Kept> saved);
    }

    private static final Comparator<Kept> BY_AGE = Comparator.comparingLong(Kept::number);

    private final List<Rule> rules;

    private Retention(List<Rule> rules) {
        this.rules = List.copyOf(rules);
    }

    /** Keeps the newest alone, as long as no rule keeps more. */
    public static Retention newest() {
        return new Retention(List.of());
    }

    /** Keeps all. */
    public static Retention all() {
        return newest().with(saved -> saved);
    }

    /**
     * Keeps the last ones as well.
     *
     * @param count how many, at least 1
     */
    public Retention last(int count) {
        Require.atLeast(1, "keepLast", count);
        return with(saved -> saved.subList(Math.max(0, saved.size() - count), saved.size()));
    }

    /**
     * Keeps those with the best scores as well; of equal ones the older. One without the score, or whose score is NaN, is none of the best.
     *
     * @param score its name, {@code val_loss}
     * @param count how many, at least 1
     * @param higherIsBetter which way it should go
     */
    public Retention best(String score, int count, boolean higherIsBetter) {
        Require.atLeast(1, "keepBest", count);
        return with(saved ->
                ranked(saved, score, higherIsBetter).stream().limit(count).toList());
    }

    /** Those that have a score, the best first. */
    static List<Kept> ranked(List<Kept> saved, String score, boolean higherIsBetter) {
        Comparator<Kept> rising =
                Comparator.comparingDouble(kept -> kept.scores().get(score));
        return saved.stream()
                .filter(kept -> !Double.isNaN(kept.scores().getOrDefault(score, Double.NaN)))
                .sorted((higherIsBetter ? rising.reversed() : rising).thenComparing(BY_AGE))
                .toList();
    }

    /**
     * Keeps the first at or after each so many steps as well, for good.
     *
     * @param steps how many, at least 1
     */
    public Retention every(long steps) {
        Require.atLeast(1L, "keepEvery", steps);
        return with(saved -> {
            Set<Long> seen = new HashSet<>();
            return saved.stream()
                    .filter(kept -> kept.step() >= steps && seen.add(kept.step() / steps))
                    .toList();
        });
    }

    private Retention with(Rule rule) {
        List<Rule> more = new ArrayList<>(rules);
        more.add(rule);
        return new Retention(more);
    }

    /**
     * Decides.
     *
     * @param saved all checkpoints that are on disk, in any order
     * @return those to delete, oldest first; never the newest
     */
    public List<Kept> deletable(List<Kept> saved) {
        List<Kept> sorted = saved.stream().sorted(BY_AGE).toList();
        Set<Long> kept = new HashSet<>();
        rules.forEach(rule -> rule.keeps(sorted).forEach(keep -> kept.add(keep.number())));
        return sorted.stream()
                .limit(Math.max(0, sorted.size() - 1L))
                .filter(candidate -> !kept.contains(candidate.number()))
                .toList();
    }
}
