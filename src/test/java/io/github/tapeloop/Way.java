package io.github.tapeloop;

/** The ways to run steps, which must not differ in what they do. */
enum Way {
    EAGER,
    COMPILED,
    SEVERAL_STEPS_PER_CALL,
    /** The first steps both ways. */
    VERIFIED;

    TrainerBuilder of(TrainerBuilder builder) {
        return switch (this) {
            case EAGER -> builder;
            case COMPILED -> builder.compiled();
            case SEVERAL_STEPS_PER_CALL -> builder.compiled().stepsPerExecution(3);
            case VERIFIED -> builder.compiled(Compilation.verify(3));
        };
    }
}
