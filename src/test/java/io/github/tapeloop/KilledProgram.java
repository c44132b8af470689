package io.github.tapeloop;

import io.github.tapeloop.KillableRun.Kind;
import io.github.tapeloop.KillableRun.Outcome;
import io.github.tapeloop.KillableRun.Steps;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import io.github.tapeloop.checkpoint.Checkpoints;
import java.io.File;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * A program that is killed: trains with checkpoints in a directory, says where it is, and what it got when it comes to its end.
 * Arguments: directory, kind, steps, a phase to be killed in and in which of these, whether to wait there, and for how long the end of the
 * process waits.
 */
final class KilledProgram {

    /** Where a run is. */
    enum Phase {
        RESTORE,
        EPOCH,
        EPOCH_END,
        VALIDATION,
        SAVE
    }

    /** What the parent waits for. */
    static final String HERE = "here";

    /** In place of a phase: it is not killed. */
    static final String NOWHERE = "nowhere";

    /** Whether it waits where it is to be killed. */
    enum Waits {
        NOT,
        /** There, and at each step from there on. */
        A_LITTLE,
        FOR_EVER
    }

    private static final String PHASE_FILE = "phase";

    private static final long SLOW = 30_000_000;
    private static final long A_MOMENT = 100_000;

    private KilledProgram() {}

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        Phase target = arguments[3].equals(NOWHERE) ? null : Phase.valueOf(arguments[3]);
        Place place = new Place(directory, target, Integer.parseInt(arguments[4]), Waits.valueOf(arguments[5]));
        Duration shutdown = Duration.parse(arguments[6]);
        Outcome outcome = KillableRun.run(
                Kind.valueOf(arguments[1]),
                Steps.valueOf(arguments[2]),
                null,
                directory,
                checkpoints(directory).onShutdown(shutdown),
                place);
        lines(outcome).forEach(System.out::println);
    }

    /** Where the program keeps its run, and goes on with it. */
    static Checkpoints checkpoints(Path directory) {
        return Checkpoints.in(directory.resolve("run")).resume().everySteps(7).everyEpochs(1);
    }

    /** What is to be the same, however often the run was killed. */
    static List<String> lines(Outcome outcome) {
        List<String> lines = new ArrayList<>();
        outcome.history().forEach(epoch -> lines.add("epoch " + epoch));
        outcome.state().forEach((path, value) -> lines.add("state " + path + " " + value.hashCode()));
        lines.add("csv " + outcome.csv().hashCode());
        lines.add("stop " + outcome.stop());
        return lines;
    }

    /** In which phase a program was that has ended. */
    static Phase phase(Path directory) throws IOException {
        File[] writing = directory.resolve("run").toFile().listFiles((in, name) -> name.startsWith(".tmp-"));
        if (writing != null && writing.length > 0) {
            return Phase.SAVE;
        }
        return Phase.values()[Files.readAllBytes(directory.resolve(PHASE_FILE))[0]];
    }

    /** Notes where the run is in memory that outlives the process; holds it where it is to be killed. */
    private static final class Place implements Callback {

        private final Path directory;
        private final MappedByteBuffer now;
        private final Phase target;
        private final Waits waits;
        private int left;

        Place(Path directory, Phase target, int which, Waits waits) throws IOException {
            this.waits = waits;
            this.directory = directory;
            this.target = target;
            this.left = which;
            try (FileChannel file = FileChannel.open(
                    directory.resolve(PHASE_FILE),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE)) {
                now = file.map(FileChannel.MapMode.READ_WRITE, 0, 1);
            }
            now.put(0, (byte) Phase.RESTORE.ordinal());
            if (target == Phase.RESTORE) {
                System.out.println(HERE);
            } else if (target == Phase.SAVE) {
                Thread watch = new Thread(this::watch);
                watch.setDaemon(true);
                watch.start();
            }
        }

        /** Says when a checkpoint is being written. */
        private void watch() {
            File run = directory.resolve("run").toFile();
            while (true) {
                String[] writing = run.list((in, name) -> name.startsWith(".tmp-") && !name.endsWith(".json"));
                if (writing != null && writing.length > 0 && left-- == 0) {
                    System.out.println(HERE);
                    return;
                }
                LockSupport.parkNanos(A_MOMENT);
            }
        }

        private void at(Phase phase) {
            now.put(0, (byte) phase.ordinal());
            if (phase == target && left-- == 0) {
                System.out.println(HERE);
                if (waits == Waits.FOR_EVER) {
                    hold();
                }
            }
            if (waits == Waits.A_LITTLE && left < 0) {
                LockSupport.parkNanos(SLOW);
            }
        }

        private static void hold() {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void onEpochBegin(Run run, Event.EpochBegin event) {
            at(Phase.EPOCH);
        }

        @Override
        public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
            at(Phase.EPOCH);
        }

        @Override
        public void onTestBatchEnd(Run run, Event.BatchEnd event) {
            at(Phase.VALIDATION);
        }

        @Override
        public void onTestEnd(Run run, Event.TestEnd event) {
            at(Phase.EPOCH_END);
        }

        @Override
        public void onEpochEnd(Run run, Event.EpochEnd event) {
            at(Phase.EPOCH_END);
        }
    }
}
