package io.github.tapeloop.data;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Objects that can be read again and again, in the same order. */
interface Records<T> {

    /** Starts to read from the first one. */
    Reader<T> open() throws IOException;

    /** How many there are, where that is known without reading them. */
    default OptionalLong size() {
        return OptionalLong.empty();
    }

    /** Whether a reader may go on where another one ended. */
    default boolean isResumable() {
        return true;
    }

    /** Whether records take more memory than what is made of them. */
    default boolean isText() {
        return false;
    }

    /** Where the record of a number (from 0) is, for messages. */
    default String where(long number) {
        return "record " + number;
    }

    /** Reads them once. Used by one thread at a time. */
    interface Reader<T> extends AutoCloseable {

        /** The next one, or empty at the end. */
        Optional<T> next() throws IOException;

        /** Passes over up to {@code count} of them. */
        default void skip(long count) throws IOException {
            long left = count;
            while (left > 0 && next().isPresent()) {
                Interrupts.check();
                left--;
            }
        }

        @Override
        default void close() throws IOException {
            // What lies in memory needs no closing.
        }
    }

    static <T> Records<T> of(List<T> list) {
        if (list.isEmpty()) {
            throw new IllegalArgumentException("the list has no records; a dataset needs at least one example");
        }
        return new Records<>() {
            @Override
            public Reader<T> open() {
                return new ListReader<>(list);
            }

            @Override
            public OptionalLong size() {
                return OptionalLong.of(list.size());
            }
        };
    }

    static <T> Records<T> of(Supplier<? extends Stream<T>> streams) {
        return new Records<>() {
            @Override
            public Reader<T> open() {
                return new StreamReader<>(streams.get());
            }

            /** Nobody knows whether two streams have one order. */
            @Override
            public boolean isResumable() {
                return false;
            }
        };
    }

    /** Reads a stream. */
    final class StreamReader<T> implements Reader<T> {

        private final Stream<T> stream;
        private final Iterator<T> iterator;

        StreamReader(Stream<T> stream) {
            this.stream = stream;
            this.iterator = stream.iterator();
        }

        @Override
        public Optional<T> next() {
            return iterator.hasNext() ? Optional.of(iterator.next()) : Optional.empty();
        }

        @Override
        public void close() {
            stream.close();
        }
    }

    /** Reads a list by index. */
    final class ListReader<T> implements Reader<T> {

        private final List<T> list;
        private int next;

        ListReader(List<T> list) {
            this.list = list;
        }

        @Override
        public Optional<T> next() {
            return next < list.size() ? Optional.of(list.get(next++)) : Optional.empty();
        }

        @Override
        public void skip(long count) {
            next += (int) Math.min(count, list.size() - next);
        }
    }
}
