package io.github.tapeloop.parts;

/**
 * A row of the table of parts: what the docs say of a part, and the check against its oracle.
 *
 * @param kind what sort of part it is
 * @param part the Java name: {@code Dense}, {@code Initializer.glorotUniform}, {@code Activations.RELU}; several rows may
 *     be about one part
 * @param variant what this row sets differently from the defaults, empty for the defaults
 * @param keras Keras' name, or "-" and why there is none
 * @param defaults the default values, as Keras would write them
 * @param oracle where the expected figures come from: PyTorch, NumPy, or the closed form
 * @param check runs the part and compares; called once for each way of running
 */
public record PartRow(
        Kind kind, String part, String variant, String keras, String defaults, String oracle, Check check) {

    /** The sorts of parts, in the order of the table. */
    public enum Kind {
        LAYER,
        ACTIVATION,
        INITIALIZER,
        REGULARIZER,
        CONSTRAINT,
        LOSS,
        METRIC,
        OPTIMIZER,
        TRANSFORM,
        SCHEDULE
    }

    /** Compares a part with its oracle. */
    @FunctionalInterface
    public interface Check {

        /**
         * Runs the part in one of four ways.
         *
         * @param run whether to run eager or compiled, in float32 or float64
         */
        void check(PartRun run);
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(java.util.Locale.ROOT) + " " + part + (variant.isEmpty() ? "" : " " + variant);
    }
}
