package io.github.tapeloop.fuzz;

import java.util.function.Supplier;

/** The sorts of trials. */
enum TrialKind {
    OPS(OpTrial::new),
    PARTS(PartTrial::new),
    TRAINERS(TrainerTrial::new),
    PIPELINES(PipelineTrial::new),
    FILES(FileTrial::new);

    private final Supplier<Trial> make;

    TrialKind(Supplier<Trial> make) {
        this.make = make;
    }

    Trial make() {
        return make.get();
    }
}
