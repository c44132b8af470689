package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.LearningRateScheduler;
import io.github.tapeloop.callback.ReduceLrOnPlateau;
import io.github.tapeloop.step.Plan;
import io.github.tapeloop.step.Scores;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The check that what callbacks watch will be measured: a misspelt name is refused before the first step. Names that only a
 * custom step or a callback of the user's can tell are refused as soon as these have logged and the name is not there.
 */
final class MonitorCheck implements ValueState {

    private final Plan plan;
    private final boolean validates;
    private final boolean ownLogs;
    private final Set<String> logged = new TreeSet<>();
    /** By the name that is watched and was not met yet, who watches it. */
    private final Map<String, String> watched = new TreeMap<>();

    /**
     * @param plan whose losses and metrics are known
     * @param callbacks who watches
     * @param validates whether there is data to validate on
     */
    MonitorCheck(Plan plan, List<Callback> callbacks, boolean validates) {
        this.plan = plan;
        this.validates = validates;
        this.ownLogs = callbacks.stream()
                .anyMatch(callback -> !callback.getClass().getPackage().equals(Callback.class.getPackage()));
        for (Callback callback : callbacks) {
            callback.monitors()
                    .forEach(name ->
                            watched.putIfAbsent(name, callback.getClass().getSimpleName()));
            if (callback instanceof LearningRateScheduler || callback instanceof ReduceLrOnPlateau) {
                logged.add(LearningRateScheduler.LOG_NAME);
            }
        }
    }

    /** Before the first step: with the losses and metrics that the builder was told of. */
    void begin() {
        logged.addAll(plan.measured().keySet());
        if (plan.step() == null) {
            logged.addAll(plan.lossNames());
        }
        if (validates) {
            plan.measured().keySet().forEach(this::addValidated);
            if (plan.testStep() == null) {
                plan.lossNames().forEach(this::addValidated);
            }
        }
        Predicate<String> unknown = name -> isOfValidation(name)
                ? validates && plan.testStep() != null
                : plan.step() != null && !isOfValidation(name);
        refuse(name -> !ownLogs && !unknown.test(name));
    }

    /** After a training step: its names are known. */
    void stepTaken(Scores scores) {
        if (!watched.isEmpty()) {
            logged.addAll(scores.names());
            refuse(name -> !ownLogs && !isOfValidation(name));
        }
    }

    /** At the end of an epoch: all names are known but for those of a validation that is not due yet. */
    void epochEnds(Set<String> logs, boolean validated) {
        if (!watched.isEmpty()) {
            logged.addAll(logs);
            refuse(name -> validated || !validates || !isOfValidation(name));
        }
    }

    private void addValidated(String name) {
        logged.add(Scores.VALIDATION + name);
    }

    private static boolean isOfValidation(String name) {
        return name.startsWith(Scores.VALIDATION);
    }

    private void refuse(Predicate<String> isKnown) {
        watched.keySet().removeAll(logged);
        watched.keySet().stream().filter(isKnown).findFirst().ifPresent(name -> {
            throw new IllegalArgumentException(watched.get(name) + " watches '" + name + "', which nobody measures: "
                    + (isOfValidation(name) && !validates
                            ? "there is no validation. Give Fit data to validate on, by validation(…) or"
                                    + " validationSplit(…), or watch one of " + logged
                            : "the logs of an epoch have " + logged + advice(name)));
        });
    }

    private String advice(String name) {
        String own = plain(name);
        Optional<String> near = logged.stream()
                .filter(other -> isOfValidation(other) == isOfValidation(name))
                .filter(other -> plain(other).contains(own) || own.contains(plain(other)))
                .findFirst();
        return near.map(other -> ". Is '" + other + "' meant?")
                .orElse(". Watch one of them, or measure it by metrics(…)");
    }

    private static String plain(String name) {
        return isOfValidation(name) ? name.substring(Scores.VALIDATION.length()) : name;
    }

    @Override
    public void saveState(Writer out) {
        out.put("logged", List.copyOf(logged));
    }

    @Override
    public void loadState(Reader in) {
        logged.addAll(in.getStrings("logged"));
        watched.keySet().removeAll(logged);
    }
}
