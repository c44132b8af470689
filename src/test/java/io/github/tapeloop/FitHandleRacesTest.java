package io.github.tapeloop;

import io.github.tapeloop.runtime.ChildJava;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs that are paused, resumed, stopped and closed at any moment, in processes of their own. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class FitHandleRacesTest {

    @Test
    @Tag("process")
    void threadsPauseResumeStopAndCloseAtAnyMoment() throws Exception {
        races("threads", 60, "ended 60 times");
    }

    @Test
    @Tag("process")
    void callbacksPauseStopAndCloseAtAnyMoment() throws Exception {
        races("callbacks", 24, "asked 24 times");
    }

    @Test
    @Tag("process")
    void pausesAtAnyMomentChangeNoBitAndLeaveNothing() throws Exception {
        races("numbers", 24, "equal 24 times");
    }

    @Test
    @Tag("process")
    @Tag("slow")
    void hundredsOfPausesStopsAndClosesChangeNothing() throws Exception {
        races("threads", 200, "ended 200 times");
        races("callbacks", 48, "asked 48 times");
        races("numbers", 60, "equal 60 times");
    }

    private static void races(String what, int tries, String said) throws Exception {
        ChildJava.requireSaid(
                said, Duration.ofMinutes(4), List.of(), FitHandleRaces.class, what, String.valueOf(tries));
    }
}
