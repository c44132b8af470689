package io.github.tapeloop.runtime;

import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientTape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

/** Threads that reach for one session at once, or close it at any moment: a program, since it would take others with it. */
public final class SessionRaces {

    private SessionRaces() {}

    /** The first argument names what to do, the second how often. */
    public static void main(String[] arguments) throws Exception {
        int tries = Integer.parseInt(arguments[1]);
        switch (arguments[0]) {
            case "use" -> use(tries);
            case "close" -> close(tries);
            case "exit" -> exit(tries, false);
            case "hook" -> exit(tries, true);
            case "inside" -> exitInside();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /** Two threads at once. */
    private static void use(int tries) throws Exception {
        AtomicInteger refused = new AtomicInteger();
        for (int i = 0; i < tries; i++) {
            int before = refused.get();
            try (TapeSession session =
                    TapeSession.builder().threads(1, 1).takeTurns(i % 2 == 1).build()) {
                CyclicBarrier both = new CyclicBarrier(2);
                CountDownLatch one = new CountDownLatch(1);
                List<Thread> threads = new ArrayList<>();
                for (int k = 0; k < 2; k++) {
                    threads.add(new Thread(() -> reach(session, both, one, refused), "racer " + k));
                    threads.get(k).start();
                }
                for (Thread thread : threads) {
                    thread.join();
                }
            }
            if (refused.get() == before) {
                throw new AssertionError("try " + i + ": nobody was refused");
            }
        }
        System.out.println("refused in each of " + tries + " tries");
    }

    /** Works until somebody has been refused. */
    private static void reach(TapeSession session, CyclicBarrier both, CountDownLatch one, AtomicInteger refused) {
        try {
            both.await();
            while (one.getCount() > 0) {
                step(session);
            }
        } catch (IllegalStateException e) {
            String message = e.getMessage();
            if (!message.contains("\"racer 0\"") || !message.contains("\"racer 1\"")) {
                ChildJava.fail(e);
            }
            refused.incrementAndGet();
            one.countDown();
        } catch (Exception | Error e) {
            ChildJava.fail(e);
        }
    }

    /** What a step consists of: a scope, ops, a tape, a function, a variable, reading. */
    private static void step(TapeSession session) {
        Ops tf = session.tf();
        try (TensorScope scope = session.scope();
                GradientTape tape = GradientTape.open(tf)) {
            Operand<TFloat32> x = tf.constant(new float[64]);
            tape.watch(x);
            Operand<TFloat32> y = tf.math.sin(tf.math.add(x, tf.constant(1f)));
            double sum = session.scalar(tf.reduceSum(tape.gradient(y, x).orElseThrow(), tf.constant(0)));
            if (Math.abs(sum - 64 * Math.cos(1)) > 1e-4) {
                throw new AssertionError("the sum is " + sum);
            }
            try (Variable<TFloat32> v = Variable.create(tf, "v", x, true);
                    TracedFunction f = TracedFunction.trace(session, "f", List.of(Spec.of(x)), (ops, in) -> in)) {
                v.assign(tf, y);
                f.call(List.of(x));
                v.toFloats();
            }
        }
    }

    /** A session is closed while another thread works with it. */
    private static void close(int tries) throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < tries; i++) {
            TapeSession session =
                    TapeSession.builder().threads(1, 1).takeTurns(i % 2 == 1).build();
            CountDownLatch begun = new CountDownLatch(1);
            boolean inCalls = i % 3 == 0;
            Thread worker = new Thread(() -> work(session, begun, inCalls), "worker");
            worker.start();
            begun.await();
            LockSupport.parkNanos(random.nextInt(5_000_000));
            session.close();
            if (session.liveHandles() != 0) {
                throw new AssertionError("live after close: " + session.liveHandles());
            }
            worker.join();
        }
        System.out.println("closed " + tries + " times");
    }

    private static void work(TapeSession session, CountDownLatch begun, boolean inCalls) {
        try {
            while (!session.isClosing()) {
                if (inCalls) {
                    try (TapeSession.Use use = session.enter("a step")) {
                        step(session);
                    }
                } else {
                    step(session);
                }
                begun.countDown();
            }
        } catch (IllegalStateException e) {
            boolean told = e.getMessage().contains("is closed, by thread \"main\"")
                    || e.getMessage().contains("is closed: its session or trainer was closed")
                    || e.getMessage().contains("Eager session has been closed"); // By TensorFlow Java itself.
            if (!told) {
                ChildJava.fail(e);
            }
        } catch (RuntimeException | Error e) {
            ChildJava.fail(e);
        }
    }

    /** The process ends while a thread works with a session, which a hook closes or nobody does. */
    private static void exit(int milliseconds, boolean hook) throws Exception {
        TapeSession session = TapeSession.builder().threads(1, 1).build();
        if (hook) {
            Runtime.getRuntime().addShutdownHook(new Thread(session::close, "main"));
        }
        CountDownLatch begun = new CountDownLatch(1);
        new Thread(() -> work(session, begun, false), "worker").start();
        begun.await();
        LockSupport.parkNanos(milliseconds * 1_000_000L);
        System.out.println("exits");
        System.exit(7);
    }

    /** A call ends the process, and a hook would wait for the call, longer than anybody waits for the process. */
    private static void exitInside() {
        TapeSession session = TapeSession.builder().threads(1, 1).build();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> session.close(Duration.ofHours(1))));
        try (TapeSession.Use use = session.enter("fit")) {
            step(session);
            System.exit(7);
        }
    }
}
