package io.github.tapeloop.store;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a checkpoint's directory, {@code 000012-step-500}.
 *
 * @param number counts the checkpoints of a directory; the newest has the highest, also where a run has gone back to an earlier step
 * @param step how many steps were taken until then
 */
record CheckpointName(long number, long step) implements Comparable<CheckpointName> {

    /** More digits than a long has are no name of ours. */
    private static final Pattern NAME = Pattern.compile("([0-9]{6,18})-step-([0-9]{1,18})");

    /** The name that a directory has, or empty if it is another. */
    static Optional<CheckpointName> of(Path directory) {
        Matcher matcher = NAME.matcher(directory.getFileName().toString());
        return matcher.matches()
                ? Optional.of(new CheckpointName(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2))))
                : Optional.empty();
    }

    Path in(Path directory) {
        return directory.resolve(toString());
    }

    @Override
    public int compareTo(CheckpointName other) {
        return Comparator.comparingLong(CheckpointName::number)
                .thenComparingLong(CheckpointName::step)
                .compare(this, other);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%06d-step-%d", number, step);
    }
}
