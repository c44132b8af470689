package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The mistakes of a first day: what is said of each, when, and the cure; or why nothing is. The same in each way to run steps. */
class FirstDayTest {

    static Stream<Arguments> mistakes() {
        return Stream.of(Way.values()).flatMap(way -> {
            List<Mistake> all = new ArrayList<>();
            RefusedMistakes.addStepRefusals(all);
            RefusedMistakes.addRunRefusals(all);
            WarnedMistakes.addTargets(all);
            WarnedMistakes.addOutputs(all);
            WarnedMistakes.addOneUnit(all);
            WarnedMistakes.addReaches(all);
            WarnedMistakes.addIdle(all);
            RunMistakes.addRuns(all);
            RunMistakes.addNone(all);
            return all.stream().map(mistake -> Arguments.of(way, mistake.name(), mistake));
        });
    }

    @ParameterizedTest(name = "{1} {0}")
    @MethodSource("mistakes")
    void whatIsSaidAndWhen(Way way, String name, Mistake mistake) {
        Mistake.OWN.set(mistake.model());
        TrainerBuilder builder = mistake.trainer().apply(Trainer.of(mistake.model()));
        try (Trainer trainer = way.of(builder).threads(1, 1).build()) {
            if (name.equals("a value read in the model") && (way == Way.EAGER || way == Way.VERIFIED)) {
                List<String> said = trainer.fit(mistake.data(), mistake.fit()).warnings(); // Op by op there are values.
                assertEquals(
                        way == Way.VERIFIED,
                        said.stream().anyMatch(text -> text.contains("is not used")),
                        said::toString);
                return;
            }
            Optional<RuntimeException> thrown = Optional.empty();
            List<String> warnings = List.of();
            try {
                warnings = trainer.fit(mistake.data(), mistake.fit()).warnings();
            } catch (RuntimeException e) {
                thrown = Optional.of(e);
            }
            switch (mistake.when()) {
                case NO_MISTAKE -> assertEquals(List.of(), warnings);
                case WARNED_OF -> assertSaid(mistake, warnings);
                default ->
                    assertSaid(
                            mistake,
                            List.of(String.valueOf(
                                    thrown.map(Throwable::getMessage).orElse(null))));
            }
            assertEquals(
                    mistake.when() == Mistake.When.BEFORE_THE_FIRST_STEP
                            || mistake.when() == Mistake.When.IN_THE_FIRST_STEP,
                    thrown.isPresent(),
                    thrown.toString());
            if (thrown.isPresent()) {
                assertEquals(0L, trainer.state().values().get("loop/steps"));
            }
        }
    }

    /** All words in one text. */
    private static void assertSaid(Mistake mistake, List<String> texts) {
        assertTrue(
                texts.stream().anyMatch(text -> mistake.words().stream().allMatch(text::contains)),
                () -> mistake.words() + " in " + texts);
    }
}
