package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.optimizer.Optimizer;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat64;

/** Thirty steps of every optimizer, and every schedule, are those of Keras itself, frozen in keras_optimizers.txt. */
class KerasOptimizersTest {

    private static final Oracle FIGURES = Oracle.load("keras_optimizers.txt");
    private static final int FEWEST = 3;

    /** The steps of scale.skipping whose gradients are infinite. */
    private static final Set<Integer> BAD = Set.of(3, 4, 11, 25);

    /** What Keras has no class or option of, or what consists of the others. */
    private static final Set<String> OWN =
            Set.of("GradientTransform", "Optimizer.with", "Variable.projection", "Schedule.constant");

    static Stream<Arguments> cases() {
        // A loss scale belongs to one optimizer, and an optimizer to one session: each run has a table of its own.
        return Stream.of(false, true)
                .flatMap(compiled -> Stream.of(false, true).map(exact -> new PartRun(compiled, exact)))
                .flatMap(run -> KerasOptimizers.cases().stream().map(row -> Arguments.of(row.figure(), row, run)));
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("cases")
    void thirtyStepsFollowKeras(String figure, KerasOptimizers.Case row, PartRun run) {
        try (TapeSession session = run.open()) {
            OptimizerRun problem = new OptimizerRun(run, session, FIGURES);
            Optimizer optimizer = row.optimizer().get();
            if (figure.equals("scale.skipping")) {
                problem.train(optimizer, BAD);
            } else {
                problem.train(optimizer);
            }
            double tolerance = run.float64() ? row.tolerance() : 1e-5;
            problem.assertAt(figure, tolerance);
            if (optimizer.hasAverages() && !figure.startsWith("all")) {
                optimizer.swapAverages();
                problem.assertAt(figure + ".average", tolerance);
            }
            optimizer
                    .lossScale()
                    .ifPresent(scale -> assertEquals(FIGURES.values(figure + ".scale")[0], scale.value(), figure));
        }
    }

    static Stream<Arguments> schedules() {
        return KerasOptimizers.schedules().stream().map(row -> Arguments.of(row.part() + " " + row.figure(), row));
    }

    /** Keras computes rates in float32. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("schedules")
    void ratesFollowKeras(String name, KerasOptimizers.Rates row) {
        double[] steps = FIGURES.values("schedule.steps");
        double[] expected = FIGURES.values("schedule." + row.figure());
        try (TapeSession session = TapeSession.open();
                TensorScope scope = session.scope()) {
            for (int i = 0; i < steps.length; i++) {
                Operand<TFloat64> rate =
                        row.schedule().learningRate(session.tf(), session.tf().constant(steps[i]));
                assertEquals(expected[i], session.scalar(rate), 1e-6 * Math.max(0.1, expected[i]), name + steps[i]);
            }
        }
    }

    /** A part that Keras has, and that is compared with it in fewer than three configurations, is to be added here. */
    @Test
    void everyPartHasThreeConfigurationsOfKeras() {
        Map<String, Set<String>> figures = new TreeMap<>();
        KerasOptimizers.cases().forEach(row -> figures.computeIfAbsent(row.part(), part -> new TreeSet<>())
                .add(row.figure()));
        KerasOptimizers.schedules().forEach(row -> figures.computeIfAbsent(row.part(), part -> new TreeSet<>())
                .add(row.figure()));
        Predicate<String> few = part -> figures.getOrDefault(part, Set.of()).size() < FEWEST;
        List<String> missing = Stream.of(PartRow.Kind.OPTIMIZER, PartRow.Kind.TRANSFORM, PartRow.Kind.SCHEDULE)
                .flatMap(kind -> Parts.of(kind).stream())
                .filter(part -> !OWN.contains(part))
                .filter(few)
                .toList();
        assertEquals(List.of(), missing);
    }

    /** Every case of the file is looked at. */
    @Test
    void everyFigureIsCompared() {
        Set<String> compared = KerasOptimizers.cases().stream()
                .map(KerasOptimizers.Case::figure)
                .collect(Collectors.toCollection(TreeSet::new));
        KerasOptimizers.schedules().forEach(row -> compared.add("schedule." + row.figure()));
        List<String> forgotten = new ArrayList<>();
        for (String name : FIGURES.names()) {
            String figure = Arrays.stream(name.split("\\.")).limit(2).collect(Collectors.joining("."));
            if (!name.startsWith("start.") && !name.equals("schedule.steps") && !compared.contains(figure)) {
                forgotten.add(name);
            }
        }
        assertEquals(List.of(), forgotten);
    }
}
