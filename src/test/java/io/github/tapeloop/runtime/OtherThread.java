package io.github.tapeloop.runtime;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.function.Executable;

/** Runs something on another thread than the test's, from begin to end. */
final class OtherThread {

    private OtherThread() {}

    /** Waits for the result; what was thrown there is thrown here. */
    static <R> R call(String name, Callable<R> body) throws Exception {
        FutureTask<R> task = new FutureTask<>(body);
        Thread thread = new Thread(task, name);
        thread.start();
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception exception) {
                throw exception;
            }
            throw (Error) e.getCause();
        } finally {
            thread.join(); // Has ended, not only its task.
        }
    }

    static void run(String name, Executable body) throws Exception {
        call(name, () -> {
            try {
                body.execute();
            } catch (Exception | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
            return true;
        });
    }
}
