package io.github.tapeloop;

import io.github.tapeloop.callback.Event;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.atomic.AtomicLong;

/** The publishers of a run's events, one for each kind that was asked for. None of them ever waits for a subscriber. */
final class EventFeeds {

    private final List<Feed> feeds = new CopyOnWriteArrayList<>();
    private final AtomicLong dropped = new AtomicLong();
    private boolean ended;
    private volatile Throwable failure;

    /** @param kind what subscribers want to hear of, and no more */
    private record Feed(Class<? extends Event> kind, SubmissionPublisher<Event> publisher) {}

    /** The publisher of a kind of event. */
    <E extends Event> Flow.Publisher<E> of(Class<E> kind) {
        Feed feed = feed(Objects.requireNonNull(kind, "kind: the class of the events to hear of"));
        return subscriber -> feed.publisher()
                .subscribe(
                        new Typed<>(kind, Objects.requireNonNull(subscriber, "subscriber: who is to hear of events")));
    }

    private synchronized Feed feed(Class<? extends Event> kind) {
        for (Feed feed : feeds) {
            if (feed.kind().equals(kind)) {
                return feed;
            }
        }
        Feed opened = new Feed(kind, new SubmissionPublisher<>());
        feeds.add(opened);
        if (ended) {
            opened.publisher().close();
        }
        return opened;
    }

    /** Whether somebody wants to hear of a kind of event. */
    boolean wants(Class<? extends Event> kind) {
        for (Feed feed : feeds) { // Asked in every step, so no streams.
            if (feed.kind().isAssignableFrom(kind) && feed.publisher().hasSubscribers()) {
                return true;
            }
        }
        return false;
    }

    /** Hands an event on to whoever has room for it. */
    void publish(Event event) {
        for (Feed feed : feeds) {
            if (feed.kind().isInstance(event)) {
                offer(feed, event);
            }
        }
    }

    private void offer(Feed feed, Event event) {
        try {
            feed.publisher().offer(event, (subscriber, late) -> {
                dropped.incrementAndGet();
                return false;
            });
        } catch (RuntimeException e) { // No thread for the subscriber, who is told: training goes on.
            dropped.incrementAndGet();
        }
    }

    /** How many events found no room: each counts for each subscriber that it did not reach. */
    long dropped() {
        return dropped.get();
    }

    /** Ends all, those that are asked for later too: who subscribes hears what waits, and then how the run ended. */
    synchronized void end(Optional<Throwable> because) {
        ended = true;
        failure = because.orElse(null);
        feeds.forEach(feed -> feed.publisher().close());
    }

    /** A subscriber to one kind. A publisher that ends by a failure would drop what waits before it, so this one tells of it. */
    private final class Typed<E extends Event> implements Flow.Subscriber<Event> {

        private final Class<E> kind;
        private final Flow.Subscriber<? super E> to;

        Typed(Class<E> kind, Flow.Subscriber<? super E> to) {
            this.kind = kind;
            this.to = to;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            to.onSubscribe(subscription);
        }

        @Override
        public void onNext(Event event) {
            to.onNext(kind.cast(event));
        }

        @Override
        public void onError(Throwable thrown) {
            to.onError(thrown);
        }

        @Override
        public void onComplete() {
            Throwable why = failure;
            if (why == null) {
                to.onComplete();
            } else {
                to.onError(why);
            }
        }
    }
}
