package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Constraint;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Layer;
import io.github.tapeloop.layer.Regularizer;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.optimizer.Schedule;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What need not be said in real Keras need not be said here, and is the same where it is not. */
class KerasDefaultsTest {

    /** What must be said here, and why. */
    private static final Map<String, String> MUST_BE_SAID = Map.of(
            "ActivityRegularization", "nothing is penalized without a factor",
            "Regularizer.l1l2", "nothing is penalized without a factor",
            "Cropping2D", "nothing is cut off without a number",
            "Initializer.constant", "zeros() is its name without a number",
            "FBetaScore", "F1Score is its name without a number",
            "Mean", "named by what it is the mean of");

    /** Where ours is another, and why. */
    private static final Map<String, String> CHOSEN = Map.of(
            "average=macro", "a metric is one number; None gives one for each class",
            "thresholds=0.5", "what None means in Keras without topK");

    /** Keras' parameters and their defaults, null where one must be given, by the names of the table. */
    private static final Map<String, Map<String, String>> KERAS = read();

    private static Map<String, Map<String, String>> read() {
        Map<String, String> homes = Map.of(
                "layer", "layers.",
                "loss", "losses.",
                "metric", "metrics.",
                "optimizer", "optimizers.",
                "initializer", "initializers.",
                "regularizer", "regularizers.",
                "constraint", "constraints.",
                "schedule", "optimizers.schedules.");
        Map<String, Map<String, String>> classes = new LinkedHashMap<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(KerasDefaultsTest.class.getResourceAsStream("/oracle/keras_defaults.txt")),
                StandardCharsets.UTF_8))) {
            lines.lines().filter(line -> !line.startsWith("#")).forEach(line -> {
                String[] words = line.split(" ");
                Map<String, String> parameters = new LinkedHashMap<>();
                for (int i = 2; i < words.length; i++) {
                    int equals = words[i].indexOf('=');
                    parameters.put(
                            equals < 0 ? words[i] : words[i].substring(0, equals),
                            equals < 0 ? null : words[i].substring(equals + 1));
                }
                classes.put(homes.get(words[0]) + words[1], parameters);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return classes;
    }

    @Test
    void whatCanBeMadeOfNothingInKerasCanHere() {
        Set<String> missing = new TreeSet<>();
        int found = 0;
        for (PartRow row : PartTable.rows()) {
            Map<String, String> parameters = KERAS.get(row.keras());
            if (parameters != null && !parameters.containsValue(null) && !MUST_BE_SAID.containsKey(row.part())) {
                found++;
                if (!isMadeOfNothing(row.part())) {
                    missing.add(row.part() + " of " + row.keras() + " " + parameters);
                }
            }
        }
        assertEquals(Set.of(), missing);
        assertTrue(found > 100, () -> "rows with a class of Keras");
    }

    private static boolean isMadeOfNothing(String part) {
        String name = part.replaceFirst("^Metric\\.of\\((.*)\\)$", "$1");
        int dot = name.indexOf('.');
        String type = dot < 0 ? name : name.substring(0, dot);
        Class<?> found = classes()
                .filter(each -> each.getSimpleName().equals(type))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no class for " + part));
        if (dot < 0 && found.getConstructors().length > 0) {
            return Arrays.stream(found.getConstructors())
                    .anyMatch(each -> each.getParameterCount() == 0 || each.isVarArgs());
        }
        return Arrays.stream(found.getMethods())
                .filter(method -> Modifier.isStatic(method.getModifiers()) && method.getParameterCount() == 0)
                .anyMatch(method -> dot < 0 || method.getName().equals(name.substring(dot + 1)));
    }

    private static Stream<Class<?>> classes() {
        return Stream.concat(
                Stream.of(Initializer.class, Regularizer.class, Constraint.class, Schedule.class),
                Stream.of(Layer.class, Loss.class, Metric.class, Optimizer.class, Initializer.class)
                        .flatMap(Parts::classes));
    }

    @Test
    void defaultsAreThoseOfKeras() {
        Set<String> others = new TreeSet<>();
        int compared = 0;
        for (PartRow row : PartTable.rows()) {
            Map<String, String> parameters = KERAS.get(row.keras());
            if (parameters == null || row.defaults().isEmpty()) {
                continue;
            }
            for (String option : row.defaults().split(", (?=\\w+=)")) {
                String name = option.substring(0, option.indexOf('='));
                String value = option.substring(option.indexOf('=') + 1).replaceFirst(" \\(.*", "");
                String theirs = parameters.get(name);
                if (theirs != null && !CHOSEN.containsKey(name + "=" + value)) {
                    compared++;
                    if (!isEqual(value, theirs)) {
                        others.add(row.part() + " " + name + "=" + value + ", Keras " + theirs);
                    }
                }
            }
        }
        assertEquals(Set.of(), others);
        int enough = compared;
        assertTrue(enough > 200, () -> enough + " defaults");
    }

    /** As numbers where they are, (2,2) being 2. */
    private static boolean isEqual(String ours, String theirs) {
        String one = theirs.replaceFirst("^Zeros$", "zeros")
                .replaceFirst("^\\((\\d+)(,\\1)*\\)$", "$1")
                .replaceFirst("^\\(\\((\\d+),\\1\\),\\(\\1,\\1\\)\\)$", "$1");
        try {
            return Double.parseDouble(ours) == Double.parseDouble(one);
        } catch (NumberFormatException e) {
            return ours.replaceAll("[\\[\\]() ]", "").equals(one.replaceAll("[()]", ""));
        }
    }
}
