package io.github.tapeloop.execution;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.state.Stateful;

/** The counts of a trainer: those that seeds and the order of the data depend on, however steps are run. */
public final class Progress implements ValueState {

    private long trainSteps;
    private long testSteps;
    private long nextOrder;

    /** A count of steps: of training or of evaluation. */
    interface Counter {

        /** How many steps were taken in the life of the trainer. */
        long taken();

        /** Counts more, or fewer to take some back. */
        void add(long steps);
    }

    /** Counts nothing: predictions draw no numbers. */
    static final Counter NONE = counter(() -> 0, steps -> {});

    private static Counter counter(java.util.function.LongSupplier taken, java.util.function.LongConsumer add) {
        return new Counter() {
            @Override
            public long taken() {
                return taken.getAsLong();
            }

            @Override
            public void add(long steps) {
                add.accept(steps);
            }
        };
    }

    Counter training() {
        return counter(() -> trainSteps, steps -> trainSteps += steps);
    }

    Counter testing() {
        return counter(() -> testSteps, steps -> testSteps += steps);
    }

    /** How many training steps were taken. */
    public long steps() {
        return trainSteps;
    }

    /** The least order of the training data that no epoch has had yet. */
    public int nextOrder() {
        return Math.toIntExact(nextOrder);
    }

    /** Remembers that an epoch has had an order. */
    public void trainedOn(int order) {
        nextOrder = Math.max(nextOrder, order + 1);
    }

    @Override
    public void saveState(Stateful.Writer out) {
        out.put("steps", trainSteps);
        out.put("test_steps", testSteps);
        out.put("next_order", nextOrder);
    }

    @Override
    public void loadState(Stateful.Reader in) {
        trainSteps = in.getLong("steps");
        testSteps = in.getLong("test_steps");
        nextOrder = in.getLong("next_order");
    }
}
