package io.github.tapeloop.settings;

/**
 * The settings of a part, which end when the part is first used. A step that was traced keeps what the part was set to
 * then; obeying a later change in some modes and not in others would make the same program give other numbers. What is to
 * change while training goes on, such as a learning rate, is a variable instead.
 *
 * <pre>{@code
 * private final Settings settings = new Settings();
 *
 * public Sgd momentum(double value) {
 *     settings.change(this, "momentum");
 *     this.momentum = Require.fraction("momentum", value);
 *     return this;
 * }
 * }</pre>
 */
public final class Settings {

    private boolean used;

    /** Settings that can be changed still. */
    public Settings() {}

    /** Ends the settings: the part is used now. */
    public void use() {
        used = true;
    }

    /**
     * Whether the settings have ended.
     *
     * @return true after {@link #use()}
     */
    public boolean used() {
        return used;
    }

    /**
     * Asks whether a setting can be changed still, in the first line of its setter.
     *
     * @param part whose setting it is, for the message
     * @param setting the name of the setter
     * @throws IllegalStateException if the part was used already; nothing is changed
     */
    public void change(Object part, String setting) {
        if (used) {
            throw new IllegalStateException(message(part, setting));
        }
    }

    /**
     * What is said of a setting that comes too late, for parts that know by other means that they were used.
     *
     * @param part whose setting it is
     * @param setting the name of the setter
     * @return the message
     */
    public static String message(Object part, String setting) {
        return part.getClass().getSimpleName() + " was used already, so its " + setting
                + " cannot change any more: set it before the first step, or make a new "
                + part.getClass().getSimpleName();
    }
}
