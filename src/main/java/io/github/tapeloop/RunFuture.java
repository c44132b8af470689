package io.github.tapeloop;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * A future of a run, which the run itself must not wait for: that is refused, here and in what is made of the future.
 *
 * @param <T> what it gives
 */
final class RunFuture<T> extends CompletableFuture<T> {

    private final BooleanSupplier inside;

    /** @param inside whether the run cannot go on before the calling thread does */
    RunFuture(BooleanSupplier inside) {
        this.inside = inside;
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new RunFuture<>(inside);
    }

    @Override
    public T join() {
        requireOutside();
        return super.join();
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        requireOutside();
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        requireOutside();
        return super.get(timeout, unit);
    }

    private void requireOutside() {
        if (!isDone() && inside.getAsBoolean()) {
            throw new IllegalStateException(
                    "This thread is inside the run that it would wait for, which would never go on:"
                            + " wait on another thread, or go on by thenAccept(…). A callback may pause(), stop(reason) and close()"
                            + " its run without waiting");
        }
    }
}
