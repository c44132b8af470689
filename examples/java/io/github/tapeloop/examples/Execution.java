package io.github.tapeloop.examples;

import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import java.util.List;

/** How an example runs its steps: compiled, or op by op where its arguments say {@code eager}. */
final class Execution {

    private Execution() {}

    /** Builds the trainer that a program's arguments ask for. */
    static Trainer trainer(TrainerBuilder builder, String... args) {
        boolean eager = List.of(args).contains("eager");
        return (eager ? builder : builder.compiled()).build();
    }
}
