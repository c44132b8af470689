package io.github.tapeloop.loop;

import io.github.tapeloop.account.TrainingState;
import io.github.tapeloop.callback.Callback;
import io.github.tapeloop.callback.CallbackException;
import io.github.tapeloop.callback.Event;
import io.github.tapeloop.callback.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A callback that tells several others, in order, and says which one it was when one throws; after them it tells the listener of
 * the run's conductor.
 */
public final class CallbackList implements Callback {

    private static final Logger LOG = LoggerFactory.getLogger(CallbackList.class);

    private final List<Callback> callbacks;
    private final Conductor conductor;
    private final Callback listener;
    private final List<String> roles = new ArrayList<>();
    private boolean telling;

    /**
     * Creates a list.
     *
     * @param callbacks whom to tell, in order
     * @param conductor whose listener to tell then
     */
    public CallbackList(List<? extends Callback> callbacks, Conductor conductor) {
        this.callbacks = List.copyOf(callbacks);
        this.conductor = conductor;
        this.listener = conductor.listener();
    }

    /**
     * Whether a callback is being told of something: the loop is in none of its steps then.
     *
     * @return true while a callback runs
     */
    public boolean isTelling() {
        return telling;
    }

    /**
     * Whether nobody listens, so that events need not be made.
     *
     * @return true if there is no callback
     */
    public boolean isEmpty() {
        return callbacks.isEmpty();
    }

    /**
     * Registers what the callbacks remember under {@code callbacks/} and the names of their classes, numbered.
     *
     * @param state the account of the run, until {@link #withdraw}
     */
    public void register(TrainingState state) {
        for (Callback callback : callbacks) {
            Class<?> type = callback.getClass(); // A lambda has a name of its own each run.
            boolean unnamed = type.isHidden() || type.isSynthetic() || type.isAnonymousClass();
            String name = "callbacks/" + (unnamed ? "Callback" : type.getSimpleName());
            String role = name;
            for (int number = 1; state.roles().contains(role); number++) {
                role = name + "_" + number;
            }
            state.register(role, callback::saveState, callback::loadState);
            roles.add(role);
        }
    }

    /**
     * Withdraws what {@link #register} has registered, when the run has ended.
     *
     * @param state the account of the run
     */
    public void withdraw(TrainingState state) {
        roles.forEach(state::withdraw);
        roles.clear();
    }

    @Override
    public void onTrainBegin(Run run, Event.TrainBegin event) {
        tell(listener -> listener.onTrainBegin(run, event), event);
    }

    /** Tells every callback, also those after one that throws, so that each can let go of what it holds. */
    @Override
    public void onTrainEnd(Run run, Event.TrainEnd event) {
        Throwable first = null;
        for (Callback callback : callbacks) {
            try {
                tell(callback, c -> c.onTrainEnd(run, event), event);
            } catch (CallbackException | Error e) {
                if (first == null) {
                    first = e;
                } else if (first != e) {
                    first.addSuppressed(e);
                }
            }
        }
        listener.onTrainEnd(run, event);
        if (first instanceof CallbackException failure) {
            throw failure;
        }
        if (first instanceof Error error) {
            throw error;
        }
    }

    @Override
    public void onEpochBegin(Run run, Event.EpochBegin event) {
        tell(listener -> listener.onEpochBegin(run, event), event);
    }

    @Override
    public Map<String, Double> epochLogs(Run run, int epoch) {
        Map<String, Double> added = new TreeMap<>();
        String when = "the logs of epoch " + (epoch + 1);
        for (Callback callback : callbacks) {
            tell(callback, c -> added.putAll(c.epochLogs(run, epoch)), when);
        }
        return added;
    }

    @Override
    public void onEpochEnd(Run run, Event.EpochEnd event) {
        tell(listener -> listener.onEpochEnd(run, event), event);
    }

    @Override
    public void onTrainBatchBegin(Run run, Event.BatchBegin event) {
        tell(listener -> listener.onTrainBatchBegin(run, event), event);
    }

    @Override
    public void onTrainBatchEnd(Run run, Event.BatchEnd event) {
        event.tell(() -> tell(listener -> listener.onTrainBatchEnd(run, event), event));
    }

    @Override
    public void onTestBegin(Run run, Event.TestBegin event) {
        tell(listener -> listener.onTestBegin(run, event), event);
    }

    @Override
    public void onTestEnd(Run run, Event.TestEnd event) {
        tell(listener -> listener.onTestEnd(run, event), event);
    }

    @Override
    public void onTestBatchBegin(Run run, Event.BatchBegin event) {
        tell(listener -> listener.onTestBatchBegin(run, event), event);
    }

    @Override
    public void onTestBatchEnd(Run run, Event.BatchEnd event) {
        event.tell(() -> tell(listener -> listener.onTestBatchEnd(run, event), event));
    }

    @Override
    public void onWarning(Run run, Event.Warning event) {
        tell(listener -> listener.onWarning(run, event), event);
    }

    private void tell(Consumer<Callback> call, Event event) {
        for (Callback callback : callbacks) {
            tell(callback, call, event);
        }
        call.accept(listener);
    }

    private void tell(Callback callback, Consumer<Callback> call, Object event) {
        telling = true;
        try {
            call.accept(callback);
        } catch (RuntimeException e) {
            if (e instanceof CutShortException && isCutShort()) { // As the run is about to be, which tells why.
                LOG.debug("What a callback evaluated was cut short", e);
                return;
            }
            throw new CallbackException(
                    "Callback " + callback.getClass().getName() + " threw at " + event + ": " + e.getMessage(), e);
        } finally {
            telling = false;
        }
    }

    private boolean isCutShort() {
        return Thread.currentThread().isInterrupted() || conductor.isClosing();
    }
}
