package io.github.tapeloop;

import static io.github.tapeloop.HandledRuns.DATA;
import static io.github.tapeloop.HandledRuns.LONG;
import static io.github.tapeloop.HandledRuns.OTHER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.HandledRuns.Own;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may use trainer and session beside a run, and who is refused as he would wait for ever. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FitHandleSharingTest {

    @Test
    void oneThatRunsIsRefusedToOthersByName() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            run.pause().join();
            run.resume();
            List<Runnable> calls = List.of(
                    () -> trainer.predict(OTHER),
                    () -> trainer.fit(OTHER, Fit.epochs(1)),
                    () -> trainer.fitAsync(OTHER, Fit.epochs(1)));
            for (Runnable call : calls) {
                IllegalStateException refused = assertThrows(IllegalStateException.class, call::run);
                assertTrue(refused.getMessage().contains("\"tapeloop-fit-"), refused.getMessage());
                assertTrue(refused.getMessage().contains("pause"), refused.getMessage());
            }
            run.pause().join();
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, () -> trainer.fit(OTHER, Fit.epochs(1)));
            assertTrue(
                    refused.getMessage().contains("a run that is paused, and fit would change"), refused.getMessage());
            refused = assertThrows(IllegalStateException.class, () -> trainer.fitAsync(OTHER, Fit.epochs(1)));
            assertTrue(refused.getMessage().contains("a run that is paused, and fitAsync would"), refused.getMessage());
            trainer.predict(OTHER);
        }
    }

    @Test
    void aSessionOfTheCallersIsHandedOverAndBack() {
        try (TapeSession session = TapeSession.builder().threads(1, 1).seed(5).build();
                Trainer trainer =
                        Problems.trainerOf(Problems.network()).session(session).build()) {
            trainer.fit(DATA, Fit.epochs(1));
            session.scalar(session.tf().constant(1f)); // It belongs to this thread now.
            try (TensorScope scope = session.scope()) {
                IllegalStateException refused =
                        assertThrows(IllegalStateException.class, () -> trainer.fitAsync(DATA, LONG));
                assertTrue(refused.getMessage().contains("TensorScope"), refused.getMessage());
            }
            try (FitHandle run = trainer.fitAsync(DATA, LONG)) {
                run.pause().join();
                assertEquals(2, session.scalar(session.tf().constant(2f)));
                trainer.predict(OTHER);
                run.resume();
            }
            assertEquals(3, session.scalar(session.tf().constant(3f)));
        }
    }

    @Test
    void twoRunsOnOneSessionPauseInEachOther() {
        try (TapeSession session =
                        TapeSession.builder().threads(1, 1).takeTurns(true).build();
                Trainer first =
                        Problems.trainerOf(Problems.network()).session(session).build();
                Trainer second =
                        Problems.trainerOf(Problems.network()).session(session).build();
                FitHandle one = first.fitAsync(DATA, LONG)) {
            one.pause().join();
            try (FitHandle two = second.fitAsync(DATA, LONG)) {
                two.pause().join();
                first.predict(OTHER);
                second.predict(OTHER);
                one.resume();
                one.pause().join();
                second.predict(OTHER);
            }
            first.predict(OTHER);
            session.scalar(session.tf().constant(1f));
        }
    }

    @Test
    void aCallbackMayAskItsOwnRunForAnythingButToWait() {
        List<Consumer<FitHandle>> waits = List.of(
                run -> run.history().join(),
                run -> run.history().thenApply(History::epochs).join(),
                run -> run.pause().join(),
                run -> run.checkpoint().join(),
                run -> {
                    try {
                        run.history().get(1, TimeUnit.HOURS);
                    } catch (InterruptedException | ExecutionException | TimeoutException e) {
                        throw new AssertionError(e);
                    }
                });
        List<String> refused = new ArrayList<>();
        Own own = new Own();
        Callback asking = new Callback() {
            @Override
            public void onEpochEnd(Run run, Event.EpochEnd event) {
                for (Consumer<FitHandle> wait : waits) {
                    try {
                        wait.accept(own.handle());
                    } catch (IllegalStateException e) {
                        refused.add(e.getMessage());
                    }
                }
                own.handle().resume();
                own.handle().stop("asked from inside");
                assertEquals(Optional.of("asked from inside"), run.stopReason());
                own.handle().pause();
                own.handle().close();
                own.handle().progress();
            }
        };
        try (Trainer trainer = Problems.trainer();
                FitHandle run = own.of(trainer.fitAsync(DATA, LONG.callbacks(asking)))) {
            History history = run.history().join();
            assertEquals(Optional.of("asked from inside"), history.stopReason());
            assertEquals(1, history.epochs().size());
        }
        assertEquals(waits.size(), refused.size());
        refused.forEach(text -> assertTrue(text.contains("inside the run that it would wait for"), text));
    }

    @Test
    void aPredictionThatWaitsForTheRunThatWaitsForItIsRefused() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            run.pause().join();
            List<String> refused = new ArrayList<>();
            trainer.predict(Problems.clusters(4)
                    .peek(example -> {
                        run.stop("enough");
                        try {
                            run.history().join();
                        } catch (IllegalStateException e) {
                            refused.add(e.getMessage());
                        }
                    })
                    .batch(4));
            assertEquals(4, refused.size());
            assertEquals(Optional.of("enough"), run.history().join().stopReason());
        }
    }

    @Test
    void whatFollowsAPauseOnTheThreadOfTheRunMayPredictButNotWait() {
        List<Runnable> tasks = new ArrayList<>();
        Trainer trainer = Problems.trainer();
        FitHandle run = trainer.fitAsync(DATA, LONG, tasks::add);
        CompletableFuture<Void> after = run.pause().thenAccept(paused -> {
            trainer.predict(OTHER);
            assertThrows(IllegalStateException.class, () -> trainer.fit(OTHER, Fit.epochs(1)));
            assertThrows(IllegalStateException.class, () -> run.history().join());
            trainer.close();
        });
        tasks.get(0).run();
        after.join();
        assertEquals(Optional.of("closed"), run.history().join().stopReason());
        assertTrue(trainer.session().isClosed());
    }

    @Test
    void aRunThatHasNowhereToSaveItselfSaysSo() {
        try (Trainer trainer = Problems.trainer();
                FitHandle run = trainer.fitAsync(DATA, LONG)) {
            for (int i = 0; i < 3; i++) {
                CompletionException nowhere = assertThrows(
                        CompletionException.class, () -> run.checkpoint().join());
                assertInstanceOf(IllegalStateException.class, nowhere.getCause());
                if (i == 0) {
                    run.pause().join();
                } else if (i == 1) {
                    trainer.predict(OTHER); // The pause goes on.
                    run.close();
                }
            }
        }
    }
}
