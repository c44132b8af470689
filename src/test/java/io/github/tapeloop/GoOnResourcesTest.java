package io.github.tapeloop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.EarlyStopping;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.checkpoint.Checkpoints;
import io.github.tapeloop.data.Batches;
import io.github.tapeloop.data.Dataset;
import io.github.tapeloop.data.Field;
import io.github.tapeloop.data.Fields;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run that goes on opens and keeps: data that is closed, weights that are freed, a checkpoint at its end. */
class GoOnResourcesTest {

    private static final Batches DATA = Problems.clusters(40).shuffle(40).batch(8);

    @TempDir
    private Path directory;

    private Checkpoints checkpoints() {
        return Checkpoints.in(directory.resolve("run")).resume();
    }

    private static Trainer trainer() {
        return Problems.trainer();
    }

    @Test
    void theBestWeightsOfARunThatCannotBeginAreFreed() {
        Supplier<Callback> best = () -> new EarlyStopping("loss").patience(9).restoreBest();
        try (Trainer trainer = trainer()) {
            trainer.fit(DATA, Fit.epochs(1).checkpoints(checkpoints()).callbacks(best.get()));
        }
        Callback first = new Callback() {
            @Override
            public void onTrainBegin(Run run, Event.TrainBegin event) {
                throw new IllegalStateException("on purpose");
            }
        };
        try (Trainer trainer = trainer()) {
            List<Integer> live = new ArrayList<>();
            for (int tries = 0; tries < 3; tries++) {
                Fit fit = Fit.epochs(2).checkpoints(checkpoints()).callbacks(first, best.get());
                assertThrows(CallbackException.class, () -> trainer.fit(DATA, fit));
                live.add(trainer.session().liveHandles());
            }
            assertEquals(List.of(live.get(0), live.get(0), live.get(0)), live);
        }
    }

    @Test
    void aRunThatIsStoppedIsKeptWhenItEndsThoughNothingIsDue() {
        Checkpoints never = checkpoints().everySteps(1000);
        Callback stopping = Callback.epochEnd((run, event) -> run.stop("enough"));
        int[] steps = {0};
        Callback counting = Callback.trainBatchEnd((run, event) -> steps[0]++);
        for (int process = 0; process < 2; process++) {
            try (Trainer trainer = trainer()) {
                History history =
                        trainer.fit(DATA, Fit.epochs(3).checkpoints(never).callbacks(stopping, counting));
                assertEquals(1, history.epochs().size(), "process " + process);
            }
            assertEquals(5, steps[0], "process " + process);
        }
    }

    @Test
    void theDataOfARunThatGoesOnIsClosedAsOftenAsItIsOpened() {
        AtomicInteger opened = new AtomicInteger();
        AtomicInteger closed = new AtomicInteger();
        Batches data = Dataset.ofStream(
                        () -> {
                            opened.incrementAndGet();
                            return IntStream.range(0, 40).boxed().onClose(closed::incrementAndGet);
                        },
                        new Fields<Integer>()
                                .input(Field.numbers(i -> i, i -> 1, i -> -i, i -> 2))
                                .target(Field.integer(i -> i % 3)))
                .batch(8);
        for (int epochs = 1; epochs < 4; epochs++) {
            try (Trainer trainer = trainer()) {
                trainer.fit(data, Fit.epochs(epochs).checkpoints(checkpoints()));
            }
            assertEquals(opened.get(), closed.get(), epochs + " epochs");
        }
    }
}
