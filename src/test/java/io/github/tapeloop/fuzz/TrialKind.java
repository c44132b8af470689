package io.github.tapeloop.fuzz;

import java.util.List;
import java.util.function.Supplier;

/** The sorts of trials. */
enum TrialKind {
    OPS(OpTrial::new, 100),
    PARTS(PartTrial::new, 50),
    TRAINERS(TrainerTrial::new, 4),
    PIPELINES(PipelineTrial::new, 150),
    FILES(FileTrial::new, 100),
    SETTINGS(SettingTrial::new, 0);

    private final Supplier<Trial> make;
    private final int few;

    TrialKind(Supplier<Trial> make, int few) {
        this.make = make;
        this.few = few;
    }

    Trial make() {
        return make.get();
    }

    /** The address space of the process: of what is far too large, nothing is to be made. */
    long memory() {
        return this == SETTINGS ? 6_000_000_000L : 12_000_000_000L;
    }

    /** What is asked of the JVM: where something is to be far too large, it is at 2 GB, whatever the machine has. */
    List<String> options() {
        return this == SETTINGS ? List.of("-Dorg.bytedeco.javacpp.maxPhysicalBytes=2g") : List.of();
    }

    /** How many take a few seconds. */
    int few() {
        return few;
    }
}
