package io.github.tapeloop.lifetime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;
import java.util.stream.Stream;

/**
 * A lock that is never waited for: one thread at a time is inside, and another one that wants in is refused with both their
 * names. It can be closed at any moment, by any thread: no new use begins from then on, the use that runs is let finish,
 * and then, when nobody is inside any more, what the lock guards is freed, by whoever closes it or, if that one is inside
 * itself or has given up waiting, by the thread that leaves last.
 *
 * <p>A thread can also own the lock while it is outside: then it alone may go in.
 */
public final class UseLock {

    private static final AtomicReferenceFieldUpdater<UseLock, Thread> PASS =
            AtomicReferenceFieldUpdater.newUpdater(UseLock.class, Thread.class, "pass");

    private final Refusals refusals;
    private final Runnable free;
    private final Object gate = new Object();
    private final AtomicReference<Thread> user = new AtomicReference<>();
    /** The user again, for one comparison a call; null once its use has outlasted a closing. */
    private volatile Thread pass;

    private volatile Thread owner;
    private volatile String doing;
    /** Uses that have not begun yet or let others in for a while; nothing is freed as long as there is one. Changed with the gate held. */
    private volatile List<Hold> holds = List.of();
    /** Who asked first for the end; null as long as nobody has. */
    private volatile Thread closedBy;

    /** Who was inside last: it may still look at what it has there, without the lock. */
    private volatile Thread last;

    /** How many wait for the end. Guarded by {@code gate}, as is {@link #freed}. */
    private int waiting;

    private boolean freed;

    /**
     * Makes a lock that nobody owns.
     *
     * @param name what it guards, as messages begin: {@code This TapeSession}
     * @param free frees what it guards, once, with nobody inside
     */
    public UseLock(String name, Runnable free) {
        this.refusals = new Refusals(name);
        this.free = free;
    }

    /** A use of what a lock guards, ended by its thread. */
    @FunctionalInterface
    public interface Use extends AutoCloseable {

        /** Ends the use. Closing twice is allowed. */
        @Override
        void close();
    }

    /**
     * Goes in; from inside, further in.
     *
     * @param what what the thread is about to do, for the messages of those who are refused: {@code fit}
     * @return to be closed by the same thread, best by try-with-resources
     * @throws IllegalStateException if another thread is inside or owns the lock, or it is closed
     */
    public Use enter(String what) {
        if (!enter()) {
            return () -> {};
        }
        doing = what;
        boolean[] left = new boolean[1];
        return () -> {
            if (!left[0]) {
                requireInside();
                left[0] = true;
                leave();
            }
        };
    }

    /**
     * Goes in to free a part of what is guarded: whoever owns the lock, and after having waited for who is inside.
     *
     * @param bound how long to wait at most
     * @return to be closed by the same thread, or empty once somebody frees the whole
     * @throws IllegalStateException if another thread is inside all that time
     */
    public Optional<Use> await(Duration bound) {
        Thread current = Thread.currentThread();
        if (user.get() == current) {
            return pass == current ? Optional.of(() -> {}) : Optional.empty();
        }
        synchronized (gate) {
            boolean in = awaitTurn(current, bound, false);
            if (closedBy == null && !in) {
                throw overdue(current, bound, "was waited for");
            }
            if (!in) {
                return Optional.empty();
            }
        }
        if (closedBy != null) {
            leave();
            return Optional.empty();
        }
        pass = current;
        return Optional.of(this::leave);
    }

    /**
     * Goes in, unless the thread is inside.
     *
     * @return whether the thread has to {@link #leave} now; false if it was inside
     */
    public boolean enter() {
        Thread current = Thread.currentThread();
        if (pass == current) {
            return false;
        }
        take(current, false);
        return true;
    }

    /** @param orphaned whether the lock of a thread that has ended may be taken */
    private void take(Thread current, boolean orphaned) {
        requireMayEnter(current, orphaned);
        while (!seize(current)) {
            requireMayEnter(current, orphaned);
            Thread other = user.get();
            if (other != null) {
                throw inUse(other, current);
            }
        }
        try {
            requireMayEnter(current, orphaned); // The owner and the end may have changed before; now they stay.
        } catch (IllegalStateException e) {
            leave();
            throw e;
        }
        PASS.lazySet(this, current);
    }

    /** Goes in if nobody is inside. A thread that ended without having left is not. */
    private boolean seize(Thread current) {
        if (user.compareAndSet(null, current)) {
            return true;
        }
        Thread other = user.get();
        return other != null && !other.isAlive() && user.compareAndSet(other, current);
    }

    private void requireMayEnter(Thread current, boolean orphaned) {
        if (closedBy != null) {
            throw closed();
        }
        Thread belongsTo = owner;
        if (belongsTo != null && belongsTo != current && !(orphaned && !belongsTo.isAlive())) {
            throw refusals.belongs(belongsTo, current);
        }
        for (Hold hold : holds) {
            if (!hold.lets(current)) {
                throw inUse(hold.thread(), current);
            }
        }
    }

    /** Refuses a thread that {@link #enter()} would refuse, without going in. */
    public void requireUsable() {
        Thread current = Thread.currentThread();
        if (pass != current) {
            requireMayEnter(current, false);
            Thread other = user.get();
            if (other != null && other != current && other.isAlive()) {
                throw inUse(other, current);
            }
        }
    }

    /** Goes out; whoever owns the lock goes on to. */
    public void leave() {
        leave(owner);
    }

    /** Refuses any thread that is not inside once somebody has asked for the end. */
    public void requireOpen() {
        if (isClosed()) {
            throw closed();
        }
    }

    /**
     * Goes out.
     *
     * @param next who owns the lock from now on, or null
     */
    public void leave(Thread next) {
        if (owner != next) { // What is the same is not written again: a session's calls outside any use are single ops.
            owner = next;
        }
        Thread current = Thread.currentThread();
        if (last != current) {
            last = current;
        }
        if (doing != null) {
            doing = null;
        }
        PASS.lazySet(this, null);
        user.set(null); // Before closedBy is read: whoever asks for the end looks at them in the other order.
        if (closedBy != null) {
            freeIfNobodyWaits();
        }
    }

    /** Goes in to free what is guarded, if nobody is inside or means to come back. */
    private boolean seizeWhole(Thread current) {
        if (!holds.isEmpty() || !seize(current)) {
            return false;
        }
        if (holds.isEmpty()) { // Who has held it meanwhile was inside, and has left.
            return true;
        }
        user.set(null);
        return false;
    }

    private void freeIfNobodyWaits() {
        synchronized (gate) {
            gate.notifyAll();
            if (waiting > 0 || freed || !seizeWhole(Thread.currentThread())) {
                return;
            }
        }
        freeAlone();
    }

    /**
     * Goes in to hand the lock over by {@link #leave(Thread)}.
     *
     * @return whether the thread it belonged to has ended
     * @throws IllegalStateException if it belongs to another thread that has not ended, or a use of it has not ended
     */
    public boolean enterToHandOver() {
        Thread current = Thread.currentThread();
        if (user.get() == current) {
            throw refusals.handedOverInside(said());
        }
        take(current, true);
        return owner != null && owner != current;
    }

    /**
     * Asks whoever is inside to come to an end, and lets nobody in any more. Does not wait and frees nothing, unless the
     * use that runs is the last to hear of it.
     */
    public void requestClose() {
        synchronized (gate) {
            if (closedBy == null) {
                closedBy = Thread.currentThread();
            }
        }
    }

    /**
     * Lets nobody in any more, waits until nobody is inside, and frees. From inside it only asks: the thread frees when it
     * leaves. When this returns otherwise, all has been freed. Closing twice is allowed.
     *
     * @param bound how long to wait at most for another thread that is inside; its next op is refused afterwards, and it
     *     frees when it leaves. One that has called {@code System.exit} is not waited for, since it waits for the hooks
     * @throws IllegalStateException if another thread was inside all that time; it is named
     */
    public void close(Duration bound) {
        Thread current = Thread.currentThread();
        synchronized (gate) {
            requestClose();
            if (freed || user.get() == current || holds.stream().anyMatch(hold -> hold.thread() == current)) {
                return;
            }
            if (!awaitTurn(current, bound, true)) {
                if (freed || endsTheProcess(inside())) {
                    return;
                }
                pass = null;
                throw overdue(current, bound, "was asked to end");
            }
        }
        freeAlone();
    }

    /**
     * Holds the lock, from inside, for a use that begins later or that is to let others in for a while.
     *
     * @param what what the use does, for the messages of those who are refused: {@code fit}
     * @param thread whose use it is, or null as long as that is not known
     * @return to be ended, whatever happens
     */
    public Hold hold(String what, Thread thread) {
        requireInside();
        Hold made = new Hold(this, what, thread);
        synchronized (gate) {
            List<Hold> more = new ArrayList<>(holds);
            more.add(made);
            holds = List.copyOf(more);
        }
        return made;
    }

    /** Ends a hold; whether its thread is inside does not change. */
    void end(Hold ended) {
        synchronized (gate) {
            holds = holds.stream().filter(hold -> hold != ended).toList();
            gate.notifyAll();
        }
        if (closedBy != null && user.get() == null) {
            freeIfNobodyWaits();
        }
    }

    /** Goes out, lets others in as the hold says, and comes back when the work has returned and nobody else is inside. */
    void lend(Hold by, Runnable meanwhile) {
        requireInside();
        Thread ownerBefore = owner;
        String doingBefore = doing;
        leave(null);
        try {
            meanwhile.run();
        } finally {
            by.share(false);
            comeIn();
            owner = ownerBefore;
            doing = doingBefore;
        }
    }

    /** Goes in, having waited for who is inside, however long that takes, and whether or not somebody has asked for the end. */
    void comeIn() {
        Thread current = Thread.currentThread();
        boolean interrupted = false;
        synchronized (gate) {
            while (!seize(current)) {
                try {
                    TimeUnit.MILLISECONDS.timedWait(gate, 1);
                } catch (InterruptedException e) {
                    interrupted = true; // It is for the use that goes on.
                }
            }
        }
        if (interrupted) {
            current.interrupt();
        }
        pass = current;
    }

    /** Waits until a hold has ended; says who has not ended it if that takes too long. False if that one ends the process. */
    boolean awaitEnd(Hold held, Duration bound) {
        Thread current = Thread.currentThread();
        long end = System.nanoTime() + bound.toNanos();
        boolean interrupted = false;
        synchronized (gate) {
            while (holds.contains(held) && !endsTheProcess(inside())) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    throw overdue(current, bound, "was asked to end");
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(gate, Math.min(left, TimeUnit.MILLISECONDS.toNanos(1)));
                } catch (InterruptedException e) {
                    interrupted = true; // The wait is bounded, and half a close is none.
                }
            }
        }
        if (interrupted) {
            current.interrupt();
        }
        return !holds.contains(held);
    }

    /** Waits, with the gate held, until nobody is inside and the thread is; false if all is freed, or time is over. */
    private boolean awaitTurn(Thread current, Duration bound, boolean whole) {
        long end = System.nanoTime() + bound.toNanos();
        boolean interrupted = false;
        waiting++;
        try {
            while (!freed) {
                if (whole ? seizeWhole(current) : isOpenTo(current) && seize(current)) {
                    return true;
                }
                long left = end - System.nanoTime();
                if (left <= 0 || endsTheProcess(inside())) {
                    return false;
                }
                try { // Not every use that ends says so, only one that finds the lock closed: look now and then.
                    TimeUnit.NANOSECONDS.timedWait(gate, Math.min(left, TimeUnit.MILLISECONDS.toNanos(1)));
                } catch (InterruptedException e) {
                    interrupted = true; // The wait is bounded, and half a close is none.
                }
            }
            return false;
        } finally {
            waiting--;
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean isOpenTo(Thread current) {
        return holds.stream().allMatch(hold -> hold.lets(current));
    }

    /** Who is inside, or means to come back. */
    private Thread inside() {
        Thread now = user.get();
        List<Hold> held = holds;
        return now != null || held.isEmpty() ? now : held.get(0).thread();
    }

    /** Whether a thread waits in {@code System.exit} for the hooks, of which one may be waiting for it. */
    private static boolean endsTheProcess(Thread thread) {
        return thread != null
                && thread.getState() == Thread.State.WAITING
                && Stream.of(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals("java.lang.Runtime")
                                && frame.getMethodName().equals("exit"));
    }

    private void freeAlone() {
        pass = Thread.currentThread();
        try {
            free.run();
        } finally {
            pass = null;
            synchronized (gate) {
                freed = true;
                user.set(null);
                gate.notifyAll();
            }
        }
    }

    /**
     * Waits, at most a second, as long as the thread that was inside last is in the code of a class that looks at what is
     * guarded without the lock. Whoever comes to that code later finds the lock closed.
     */
    public void awaitLastUser(String className) {
        Thread thread = last;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        while (thread != null
                && thread != Thread.currentThread()
                && System.nanoTime() < end
                && Stream.of(thread.getStackTrace())
                        .anyMatch(frame -> frame.getClassName().equals(className))) {
            Thread.onSpinWait();
        }
    }

    /**
     * Whether somebody has asked for the end.
     *
     * @return true from the first {@link #requestClose} or {@link #close} on
     */
    public boolean isClosing() {
        return closedBy != null;
    }

    /**
     * Whether the calling thread can do nothing here any more.
     *
     * @return true if the end was asked for and this thread is not inside
     */
    public boolean isClosed() {
        return closedBy != null && pass != Thread.currentThread();
    }

    /**
     * Whether the calling thread is inside.
     *
     * @return true within {@link #enter}
     */
    public boolean isInside() {
        return user.get() == Thread.currentThread();
    }

    private String said() {
        String what = doing;
        List<Hold> held = holds;
        return what != null ? what : held.isEmpty() ? "a call" : held.get(0).what();
    }

    /** Refuses a thread that ends a use of another. */
    public void requireInside() {
        Thread current = Thread.currentThread();
        if (user.get() != current) {
            throw refusals.notInside(current);
        }
    }

    private IllegalStateException inUse(Thread other, Thread current) {
        return refusals.inUse(other, said(), current, !holds.isEmpty());
    }

    private IllegalStateException closed() {
        return refusals.closed(closedBy);
    }

    private IllegalStateException overdue(Thread current, Duration bound, String asked) {
        return refusals.overdue(inside(), said(), current, bound, asked);
    }
}
