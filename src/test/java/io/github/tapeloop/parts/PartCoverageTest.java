package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.layer.Layer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The table of parts has a row for every part of the library. */
class PartCoverageTest {

    @ParameterizedTest
    @EnumSource
    void everyPartHasARow(PartRow.Kind kind) {
        Set<String> without = new TreeSet<>(Parts.of(kind));
        without.removeAll(inTable(kind));
        assertEquals(Set.of(), without, "parts without a row: add one, with an oracle");
    }

    @ParameterizedTest
    @EnumSource
    void everyRowIsAboutAPart(PartRow.Kind kind) {
        Set<String> unknown = new TreeSet<>(inTable(kind));
        unknown.removeAll(Parts.of(kind));
        assertEquals(Set.of(), unknown, "rows about something else");
    }

    @Test
    void defaultsAreWrittenAsInKeras() {
        Set<String> others = new TreeSet<>();
        for (PartRow row : PartTable.rows()) {
            if (!row.defaults().matches("|\\w+=[^=]+(, \\w+=[^=]+)*")) {
                others.add(row + ": " + row.defaults());
            }
        }
        assertEquals(Set.of(), others, "expected name=value, name=value");
    }

    /** What a constructor takes, so that without it there is one that takes nothing. */
    private static final Set<String> OF_CONSTRUCTORS =
            Set.of("axis", "cropping", "groups", "mask_value", "pool_size", "shared_axes", "size");

    /** What is there under another name, is another constructor's, or cannot be changed. */
    private static final Map<String, String> OTHERWISE = Map.of(
            "keepdims", "keepDims",
            "output_shape", "outputDim",
            "recurrent_initializer", "recurrentKernel",
            "depthwise_initializer", "depthMultiplier",
            "pointwise_initializer", "pointwiseKernel");

    private static final Set<String> FURTHER_CONSTRUCTORS = Set.of("activation", "offset");
    private static final Set<String> ALWAYS = Set.of("reset_after");

    @Test
    void everyDefaultOfALayerIsOneHere() {
        Set<String> missing = new TreeSet<>();
        Map<String, Class<?>> classes = Parts.classes(Layer.class)
                .collect(Collectors.toMap(Class::getSimpleName, type -> type, (one, other) -> one));
        for (PartRow row : PartTable.rows()) {
            if (row.kind() == PartRow.Kind.LAYER && !row.defaults().isEmpty()) {
                Class<?> type = classes.get(row.part());
                for (String option : row.defaults().split(", ")) {
                    if (!isThere(type, option.substring(0, option.indexOf('=')))) {
                        missing.add(row.part() + " " + option);
                    }
                }
            }
        }
        assertEquals(Set.of(), missing, "defaults that neither a constructor nor a setter has");
    }

    private static boolean isThere(Class<?> type, String option) {
        if (ALWAYS.contains(option)) {
            return true;
        }
        boolean withoutArguments = Arrays.stream(type.getConstructors())
                .anyMatch(constructor -> constructor.getParameterCount() == 0 || constructor.isVarArgs());
        boolean several = type.getConstructors().length > 1;
        String camel = Pattern.compile("_(.)")
                .matcher(option.replaceFirst("_initializer$", ""))
                .replaceAll(match -> match.group(1).toUpperCase(Locale.ROOT));
        String setter = OTHERWISE.getOrDefault(option, camel);
        return OF_CONSTRUCTORS.contains(option) && withoutArguments
                || FURTHER_CONSTRUCTORS.contains(option) && several
                || option.equals("padding") && withoutArguments
                || Arrays.stream(type.getMethods())
                        .anyMatch(method -> method.getName().equals(setter));
    }

    private static Set<String> inTable(PartRow.Kind kind) {
        return PartTable.rows().stream()
                .filter(row -> row.kind() == kind)
                .map(PartRow::part)
                .collect(Collectors.toSet());
    }
}
