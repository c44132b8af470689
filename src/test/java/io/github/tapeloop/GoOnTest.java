package io.github.tapeloop;

import static io.github.tapeloop.KillableRun.BATCH;
import static io.github.tapeloop.KillableRun.epochs;
import static io.github.tapeloop.KillableRun.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.KillableRun.Kind;
import io.github.tapeloop.KillableRun.Outcome;
import io.github.tapeloop.KillableRun.Steps;
import io.github.tapeloop.account.Contents;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Dataset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that goes on from any of its boundaries in a fresh trainer is the run that never stopped, bit for bit. */
class GoOnTest {

    static Stream<Arguments> cells() {
        return Arrays.stream(Kind.values())
                .flatMap(kind -> Arrays.stream(Steps.values()).map(steps -> Arguments.of(kind, steps)));
    }

    @TempDir
    private Path directory;

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("cells")
    void aRunGoesOnFromAnyBoundaryAsIfItHadNotStopped(Kind kind, Steps steps) throws IOException {
        Checkpoints each = Checkpoints.in(directory).resume().everySteps(1).everyEpochs(1);
        KeptRuns kept = KeptRuns.empty();
        Outcome whole = run(kind, steps, kept, directory, each);
        assertFalse(kept.all.isEmpty());
        for (int at : places(kept.all)) {
            KeptRuns.Kept start = kept.all.get(at);
            Contents contents = start.contents();
            KeptRuns further = KeptRuns.goingOnAt(contents);
            Outcome goneOn = run(kind, steps, further, directory, each);
            String where = "after " + start.steps() + " steps" + (start.isEnd() ? ", at the end of an epoch" : "");
            assertEquals(whole.history(), goneOn.history(), where);
            if (steps != Steps.AUTO) { // Where its calls end is timed.
                assertEquals(
                        whole.curve()
                                .subList(
                                        whole.curve().size() - goneOn.curve().size(),
                                        whole.curve().size()),
                        goneOn.curve(),
                        where);
            }
            assertEquals(whole.stop(), goneOn.stop(), where);
            assertEquals(whole.csv(), goneOn.csv(), where);
            whole.state().forEach((path, value) -> {
                Object found = goneOn.state().get(path);
                // A slot that no step has asked for waits for the one that does.
                assertTrue(
                        Objects.equals(value, found) || found == null && path.startsWith("optimizer/"), path + where);
            });
            further.close();
        }
        kept.close();
    }

    /** Ends the run as a kill would, after some steps of this process. */
    private static final class Kill implements Callback {

        private final int steps;
        private int seen;

        Kill(int steps) {
            this.steps = steps;
        }

        @Override
        public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
            if (seen++ == steps) {
                throw new IllegalStateException("killed");
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void aRunThatIsKilledAgainAndAgainIsTheSameRun(Kind kind) {
        Dataset few = Problems.clusters(9 * BATCH);
        Fit fit = Fit.epochs(3).checkpoints(Checkpoints.in(directory).resume().everySteps(1));
        List<String> whole;
        try (Trainer trainer = trainer(kind);
                KeptRuns kept = KeptRuns.empty()) {
            whole = epochs(trainer.fit(few.shuffle(99).batch(BATCH), fit, kept));
        }
        Contents last = null;
        List<String> goneOn = null;
        while (goneOn == null) {
            KeptRuns kept = last == null ? KeptRuns.empty() : KeptRuns.goingOnAt(last);
            try (Trainer trainer = trainer(kind)) {
                goneOn = epochs(trainer.fit(few.shuffle(99).batch(BATCH), fit.callbacks(new Kill(2)), kept));
            } catch (CallbackException e) {
                last = kept.all.remove(kept.all.size() - 1).contents();
            } finally {
                kept.close();
            }
        }
        assertEquals(whole, goneOn);
    }

    private static Trainer trainer(Kind kind) {
        return kind.trainer().seed(6).threads(1, 1).build();
    }

    /** Some inside epochs, the last before a validation, the ends of epochs. */
    private static List<Integer> places(List<KeptRuns.Kept> all) {
        List<Integer> ends = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).isEnd()) {
                ends.add(i);
            }
        }
        int second = ends.get(1);
        return Stream.of(ends.get(0) / 2, ends.get(0), second - 1, second - 2, second, all.size() - 1)
                .distinct()
                .toList();
    }
}
