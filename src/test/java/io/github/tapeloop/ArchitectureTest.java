package io.github.tapeloop;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Map.entry;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import io.github.tapeloop.settings.LibraryClasses;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The packages and their levels: each imports lower levels only. */
class ArchitectureTest {

    private static final String ROOT = "io.github.tapeloop";

    private static final Map<String, Integer> LEVELS = Map.ofEntries(
            entry("settings", 0),
            entry("format", 0),
            entry("warning", 0),
            entry("bridge", 0),
            entry("lifetime", 0),
            entry("op", 1),
            entry("runtime", 2),
            entry("transaction", 2),
            entry("state", 3),
            entry("measure", 3),
            entry("account", 4),
            entry("tape", 4),
            entry("data", 4),
            entry("layer", 4),
            entry("loss", 4),
            entry("optimizer", 4),
            entry("store", 5),
            entry("checkpoint", 6),
            entry("metric", 5), // A loss is a metric, too.
            entry("callback", 6),
            entry("values", 7), // Of the root: what it is told and what it gives back.
            entry("serving", 5),
            entry("step", 8),
            entry("execution", 9),
            entry("loop", 10),
            entry("preflight", 10),
            entry("front", 11), // Of the root: the trainer, its builder, and what they alone use.
            entry("testing", 12)); // For users' tests: nothing imports it.

    /** The front door is the top. What it is told, the rooms behind it read as well; the trainer and its builder they do not. */
    private static final Set<String> FRONT = Set.of(
            "Trainer",
            "TrainerBuilder",
            "Predictor",
            "HeadsBuilder",
            "Description",
            "ThreadTuning",
            "FitHandle",
            "AsyncFit",
            "RunListener",
            "EventFeeds",
            "RunFuture");

    private final JavaClasses classes = LibraryClasses.code();

    @Test
    void everyPackageHasALevel() {
        TreeSet<String> found = new TreeSet<>();
        classes.forEach(type -> found.add(level(type)));
        assertEquals(new TreeSet<>(LEVELS.keySet()), found);
    }

    @Test
    void packagesImportLowerLevelsOnly() {
        List<String> upward = new ArrayList<>();
        for (JavaClass type : classes) {
            String from = level(type);
            type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(target -> target.getPackageName().startsWith(ROOT))
                    .filter(target -> !level(target).equals(from))
                    .filter(target -> LEVELS.get(level(target)) >= LEVELS.get(from))
                    .forEach(target -> upward.add(type.getName() + " -> " + target.getName()));
        }
        assertEquals(List.of(), upward);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(classes);
    }

    @Test
    void onlyTheBridgeUsesReflection() {
        ArchRuleDefinition.noClasses()
                .that(DescribedPredicate.not(resideInAPackage(ROOT + ".bridge")))
                .should()
                .dependOnClassesThat(resideInAPackage("java.lang.reflect")
                        .or(DescribedPredicate.describe("method handle lookups", type -> type.getName()
                                .startsWith("java.lang.invoke.MethodHandles$Lookup"))))
                .check(classes);
    }

    private static String level(JavaClass type) {
        String name = type.getPackageName();
        if (name.equals(ROOT)) {
            return FRONT.contains(type.getSimpleName()) || FRONT.contains(outermost(type)) ? "front" : "values";
        }
        return name.substring(ROOT.length() + 1).split("\\.")[0];
    }

    private static String outermost(JavaClass type) {
        return type.getName().substring(type.getPackageName().length() + 1).split("\\$")[0];
    }
}
