package io.github.tapeloop;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.TerminateOnNaN;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The settings of a run of {@link Trainer#fit}. Immutable: each method returns a changed copy.
 *
 * <pre>{@code
 * Fit.epochs(5).validation(test.batch(256)).callbacks(new ProgressBar())
 * }</pre>
 */
public final class Fit {

    private int initialEpoch;
    private int epochs;
    private long stepsPerEpoch;
    private Batches validation;
    private double validationSplit;
    private int validationFrequency = 1;
    private long sanityBatches;
    private long overfitBatches;
    private boolean dryRun;
    private boolean checkFirstStep = true;
    private NonFinite onNonFinite;
    private Checkpoints checkpoints;
    private List<Callback> callbacks = List.of();

    private Fit() {}

    private Fit(Fit other) {
        this.initialEpoch = other.initialEpoch;
        this.epochs = other.epochs;
        this.stepsPerEpoch = other.stepsPerEpoch;
        this.validation = other.validation;
        this.validationSplit = other.validationSplit;
        this.validationFrequency = other.validationFrequency;
        this.sanityBatches = other.sanityBatches;
        this.overfitBatches = other.overfitBatches;
        this.dryRun = other.dryRun;
        this.checkFirstStep = other.checkFirstStep;
        this.onNonFinite = other.onNonFinite;
        this.checkpoints = other.checkpoints;
        this.callbacks = other.callbacks;
    }

    /**
     * Trains until an epoch.
     *
     * @param epochs the epoch to end before; counted from 0, so without {@link #initialEpoch} how many
     * @return options
     */
    public static Fit epochs(int epochs) {
        requireAtLeastOne("epochs", epochs);
        Fit fit = new Fit();
        fit.epochs = epochs;
        return fit;
    }

    /**
     * Continues a run: the first epoch's number, which shuffling and callbacks see. Shuffled data comes in the order that
     * it would have had in one long run.
     *
     * @param epoch from 0; 0 unless set
     * @return changed options
     */
    public Fit initialEpoch(int epoch) {
        if (epoch < 0 || epoch >= epochs) {
            throw new IllegalArgumentException("Expected an initial epoch in [0, " + epochs + "), got " + epoch
                    + ": epochs is the epoch to end before, not how many to run");
        }
        Fit fit = new Fit(this);
        fit.initialEpoch = epoch;
        return fit;
    }

    /**
     * Ends an epoch after a number of batches; the next one goes on where it ended. When the data runs dry the epoch ends
     * early, with a warning, and the next one starts anew.
     *
     * @param steps batches an epoch, at least 1; all of them unless set
     * @return changed options
     */
    public Fit stepsPerEpoch(long steps) {
        requireAtLeastOne("stepsPerEpoch", steps);
        Fit fit = new Fit(this);
        fit.stepsPerEpoch = steps;
        return fit;
    }

    /**
     * Evaluates on other data at the end of each epoch.
     *
     * @param data the validation data
     * @return changed options
     */
    public Fit validation(Batches data) {
        if (validationSplit > 0) {
            throw new IllegalArgumentException("validation and validationSplit exclude each other: set one of them");
        }
        Fit fit = new Fit(this);
        fit.validation = data;
        return fit;
    }

    /**
     * Keeps the last part of the training data, taken before shuffling, for validation, as Keras does: see {@link
     * Batches#splitTail}. Where its classes differ from those of the rest, a warning says so; data sorted by class is better cut
     * at random by {@link Batches#split}.
     *
     * @param fraction which part, in (0, 1)
     * @return changed options
     */
    public Fit validationSplit(double fraction) {
        if (validation != null) {
            throw new IllegalArgumentException("validationSplit and validation exclude each other: set one of them");
        }
        if (!(fraction > 0 && fraction < 1)) {
            throw new IllegalArgumentException("Expected a validationSplit in (0, 1), got " + fraction);
        }
        Fit fit = new Fit(this);
        fit.validationSplit = fraction;
        return fit;
    }

    /**
     * Validates after every so many epochs only.
     *
     * @param every at least 1; 1 unless set
     * @return changed options
     */
    public Fit validationFrequency(int every) {
        requireAtLeastOne("validationFrequency", every);
        Fit fit = new Fit(this);
        fit.validationFrequency = every;
        return fit;
    }

    /**
     * Evaluates some validation batches before the first epoch, so that a mistake in the validation shows at once and not
     * after an hour of training. Callbacks hear nothing of it, and its results are forgotten.
     *
     * @param batches how many, at least 1; none unless set
     * @return changed options
     */
    public Fit sanityBatches(long batches) {
        requireAtLeastOne("sanityBatches", batches);
        Fit fit = new Fit(this);
        fit.sanityBatches = batches;
        return fit;
    }

    /**
     * Trains on the first batches of the first epoch only, the same in each epoch, shuffled data included. A model that
     * cannot learn a few batches by heart has a mistake. Validation is not affected.
     *
     * @param batches how many, at least 1; all of them unless set
     * @return changed options
     */
    public Fit overfit(long batches) {
        requireAtLeastOne("overfit", batches);
        Fit fit = new Fit(this);
        fit.overfitBatches = batches;
        return fit;
    }

    /**
     * Tries everything out: one epoch of one training batch and one validation batch, with all callbacks, which may write
     * files. Then model and optimizer are put back to where they were.
     *
     * @return changed options
     */
    public Fit dryRun() {
        Fit fit = new Fit(this);
        fit.dryRun = true;
        return fit;
    }

    /**
     * Looks at the first step that this trainer takes, and warns of mistakes that train, badly, without an error: a loss of
     * logits that is given probabilities, labels -1 and 1 in a binary cross-entropy, an accuracy of classes over one unit,
     * a last activation that cannot reach the targets, a first batch of one class where nothing is shuffled, values that are
     * not finite, gradients that are all 0. It is the cheap part of {@link Trainer#preflight}; later steps
     * cost nothing more. Compiled steps are taken op by op once for it, of which nothing stays; those of a {@link
     * CustomStep} are looked at where they run op by op.
     *
     * @param check false to leave it out; true unless set
     * @return changed options
     */
    public Fit checkFirstStep(boolean check) {
        Fit fit = new Fit(this);
        fit.checkFirstStep = check;
        return fit;
    }

    /**
     * Adds callbacks after those there are.
     *
     * @param more told in this order
     * @return changed options
     */
    public Fit callbacks(Callback... more) {
        Fit fit = new Fit(this);
        List<Callback> all = new ArrayList<>(callbacks);
        all.addAll(List.of(more));
        fit.callbacks = List.copyOf(all);
        if (fit.onNonFinite == null && all.stream().anyMatch(TerminateOnNaN.class::isInstance)) {
            fit.onNonFinite = NonFinite.stop();
        }
        return fit;
    }

    /**
     * What to do about steps whose loss or gradients are not finite. Unless set, they are taken like any other, and an epoch
     * whose loss is not finite is warned of.
     *
     * @param policy {@link NonFinite#skip}, {@link NonFinite#rollBack} or {@link NonFinite#stop}
     * @return options with this policy
     * @throws IllegalArgumentException if there is a {@link TerminateOnNaN} and the policy is another
     */
    public Fit onNonFinite(NonFinite policy) {
        if (!policy.stops() && callbacks.stream().anyMatch(TerminateOnNaN.class::isInstance)) {
            throw new IllegalArgumentException("TerminateOnNaN and onNonFinite(" + policy
                    + ") exclude each other: the callback is another name for onNonFinite(NonFinite.stop())");
        }
        Fit fit = new Fit(this);
        fit.onNonFinite = Objects.requireNonNull(policy, "policy");
        return fit;
    }

    /**
     * Keeps the state of the run on disk from time to time, so that it can be killed and started again.
     *
     * @param policy where and when, see {@link Checkpoints}
     * @return changed options
     */
    public Fit checkpoints(Checkpoints policy) {
        Fit fit = new Fit(this);
        fit.checkpoints = Objects.requireNonNull(policy, "policy");
        return fit;
    }

    /**
     * Where and when to keep the state of the run.
     *
     * @return the policy, or empty
     */
    public Optional<Checkpoints> checkpoints() {
        return Optional.ofNullable(checkpoints);
    }

    /**
     * Whether the first step is looked at.
     *
     * @return true unless {@link #checkFirstStep(boolean)} says otherwise
     */
    public boolean checksFirstStep() {
        return checkFirstStep;
    }

    /**
     * The epoch to begin with.
     *
     * @return the epoch, from 0
     */
    public int initialEpoch() {
        return initialEpoch;
    }

    /**
     * The epoch to end before.
     *
     * @return the number of epochs, those before {@link #initialEpoch} included
     */
    public int epochs() {
        return dryRun ? initialEpoch + 1 : epochs;
    }

    /**
     * Whether the run is undone.
     *
     * @return true after {@link #dryRun}
     */
    public boolean isDryRun() {
        return dryRun;
    }

    /**
     * The batches to train on.
     *
     * @param all the data given to fit
     * @return some or all of it
     */
    public Batches training(Batches all) {
        if (dryRun) {
            return all.take(1);
        }
        return overfitBatches == 0 ? all : all.take(overfitBatches);
    }

    /**
     * Whether each epoch is to have the same batches.
     *
     * @return true after {@link #overfit}
     */
    public boolean overfits() {
        return overfitBatches > 0;
    }

    /**
     * The batches to validate on after an epoch.
     *
     * @param all the data to validate on
     * @return some or all of it
     */
    public Batches validating(Batches all) {
        return dryRun ? all.take(1) : all;
    }

    /**
     * The batches to evaluate before the first epoch.
     *
     * @param validation the data to validate on, if any
     * @return some of it, or empty
     * @throws IllegalArgumentException if there is none, though {@link #sanityBatches} asks for it
     */
    public Optional<Batches> sanity(Optional<Batches> validation) {
        if (sanityBatches > 0 && validation.isEmpty()) {
            throw new IllegalArgumentException(
                    "sanityBatches needs data to validate on: set validation or validationSplit");
        }
        return sanityBatches == 0 ? Optional.empty() : validation.map(all -> all.take(sanityBatches));
    }

    /**
     * How many steps an epoch has.
     *
     * @return the number, or empty for all batches of the data
     */
    public OptionalLong stepsPerEpoch() {
        return stepsPerEpoch == 0 || dryRun ? OptionalLong.empty() : OptionalLong.of(stepsPerEpoch);
    }

    /**
     * What to validate on.
     *
     * @return the data, or empty
     */
    public Optional<Batches> validation() {
        return Optional.ofNullable(validation);
    }

    /**
     * Which part of the data to validate on.
     *
     * @return a fraction, 0 for none
     */
    public double validationSplit() {
        return validationSplit;
    }

    /**
     * Whether an epoch is followed by a validation.
     *
     * @param epoch which, from 0
     * @return true if it is
     */
    public boolean validatesAfter(int epoch) {
        return dryRun || (epoch + 1) % validationFrequency == 0;
    }

    /**
     * Whom to tell.
     *
     * @return callbacks in their order
     */
    public List<Callback> callbacks() {
        return callbacks;
    }

    /**
     * What to do about steps that are not finite.
     *
     * @return the policy, or empty to take them like any other
     */
    public Optional<NonFinite> onNonFinite() {
        return Optional.ofNullable(onNonFinite);
    }

    private static void requireAtLeastOne(String option, long value) {
        if (value < 1) {
            throw new IllegalArgumentException("Expected " + option + " of at least 1, got " + value);
        }
    }

    /** How long, on what it validates, and who hears of it. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("Fit[epochs " + (initialEpoch + 1) + " to " + epochs());
        text.append(stepsPerEpoch == 0 ? "" : ", " + stepsPerEpoch + " steps each");
        text.append(validation == null ? "" : ", validation " + validation);
        text.append(validationSplit == 0 ? "" : ", validationSplit " + validationSplit);
        text.append(checkpoints == null ? "" : ", " + checkpoints);
        return text.append(callbacks.isEmpty() ? "]" : ", callbacks " + callbacks + "]")
                .toString();
    }
}
