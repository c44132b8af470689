package io.github.tapeloop.data;

import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;
import org.tensorflow.ndarray.Shape;

/**
 * How one column is made of an object: by functions of it, such as the accessors of a Java record. Immutable. The
 * functions may be called by several threads at once, each for another object.
 *
 * @param <T> the class of the objects
 */
public final class Field<T> {

    @FunctionalInterface
    private interface Writer<T> {
        void write(T record, Buffer out);
    }

    private final Dtype dtype;
    private final Shape shape;
    private final Writer<T> writer;
    private final Function<T, Object> elements;
    /** Names in a file that it certainly reads. */
    private final List<String> columns;

    private Field(Dtype dtype, Shape shape, Writer<T> writer, Function<T, Object> elements) {
        this(dtype, shape, writer, elements, List.of());
    }

    private Field(Dtype dtype, Shape shape, Writer<T> writer, Function<T, Object> elements, List<String> columns) {
        this.columns = columns;
        this.dtype = dtype;
        this.shape = shape;
        this.writer = writer;
        this.elements = elements;
    }

    private static <T> Field<T> written(Dtype dtype, Shape shape, Writer<T> writer) {
        return new Field<>(dtype, shape, writer, record -> {
            throw new IllegalStateException("this field has a fixed width");
        });
    }

    /**
     * Some numbers side by side, one for each function.
     *
     * @param functions each gives one of them
     * @param <T> the class of the objects
     * @return float32 [number of functions] per object
     * @throws IllegalArgumentException for no function
     */
    @SafeVarargs
    public static <T> Field<T> numbers(ToDoubleFunction<? super T>... functions) {
        List<ToDoubleFunction<? super T>> all = new ArrayList<>();
        for (ToDoubleFunction<? super T> function : functions) {
            all.add(function);
        }
        return numbers(all);
    }

    static <T> Field<T> numbers(List<? extends ToDoubleFunction<? super T>> all) {
        if (all.isEmpty()) {
            throw new IllegalArgumentException("a field of numbers needs one at least, but there is none");
        }
        return written(Dtype.FLOAT32, Shape.of(all.size()), (record, out) -> {
            FloatBuffer floats = (FloatBuffer) out;
            for (ToDoubleFunction<? super T> function : all) {
                floats.put(float32(function.applyAsDouble(record)));
            }
        });
    }

    private static float float32(double value) {
        if (!Dtype.FLOAT32.holds(value)) {
            throw new IllegalArgumentException(value + " is beyond float32; scale it, or take a field of doubles");
        }
        return (float) value;
    }

    /**
     * A number.
     *
     * @param function gives it
     * @param <T> the class of the objects
     * @return float32 [] per object
     */
    public static <T> Field<T> number(ToDoubleFunction<? super T> function) {
        return written(Dtype.FLOAT32, Shape.scalar(), (record, out) -> ((FloatBuffer) out)
                .put(float32(function.applyAsDouble(record))));
    }

    /**
     * An integer, such as a class.
     *
     * @param function gives it
     * @param <T> the class of the objects
     * @return int32 [] per object
     */
    public static <T> Field<T> integer(ToIntFunction<? super T> function) {
        return written(
                Dtype.INT32, Shape.scalar(), (record, out) -> ((IntBuffer) out).put(function.applyAsInt(record)));
    }

    /**
     * A long integer.
     *
     * @param function gives it
     * @param <T> the class of the objects
     * @return int64 [] per object
     */
    public static <T> Field<T> longInteger(ToLongFunction<? super T> function) {
        return written(
                Dtype.INT64, Shape.scalar(), (record, out) -> ((LongBuffer) out).put(function.applyAsLong(record)));
    }

    /**
     * An array of floats.
     *
     * @param shape the shape of the column for one object; [-1] or [-1, …] if its length differs from object to
     *     object
     * @param function gives the elements, row-major
     * @param <T> the class of the objects
     * @return float32 shape per object
     */
    public static <T> Field<T> floats(Shape shape, Function<? super T, float[]> function) {
        return array(Dtype.FLOAT32, shape, function::apply);
    }

    /**
     * An array of doubles.
     *
     * @param shape the shape of the column for one object; [-1] or [-1, …] if its length differs from object to
     *     object
     * @param function gives the elements, row-major
     * @param <T> the class of the objects
     * @return float64 shape per object
     */
    public static <T> Field<T> doubles(Shape shape, Function<? super T, double[]> function) {
        return array(Dtype.FLOAT64, shape, function::apply);
    }

    /**
     * An array of integers.
     *
     * @param shape the shape of the column for one object; [-1] or [-1, …] if its length differs from object to
     *     object
     * @param function gives the elements, row-major
     * @param <T> the class of the objects
     * @return int32 shape per object
     */
    public static <T> Field<T> integers(Shape shape, Function<? super T, int[]> function) {
        return array(Dtype.INT32, shape, function::apply);
    }

    /**
     * An array of long integers.
     *
     * @param shape the shape of the column for one object; [-1] or [-1, …] if its length differs from object to
     *     object
     * @param function gives the elements, row-major
     * @param <T> the class of the objects
     * @return int64 shape per object
     */
    public static <T> Field<T> longIntegers(Shape shape, Function<? super T, long[]> function) {
        return array(Dtype.INT64, shape, function::apply);
    }

    static <T> Field<T> array(Dtype dtype, Shape shape, Function<T, Object> function) {
        // Copied: the function may give the same array for each object.
        return new Field<>(
                dtype,
                shape,
                (record, out) -> writeArray(dtype, shape, function.apply(record), out),
                record -> dtype.copy(function.apply(record)));
    }

    private static void writeArray(Dtype dtype, Shape shape, Object array, Buffer out) {
        if (dtype.length(array) != shape.size()) {
            throw new IllegalArgumentException("expected " + shape.size() + " values for the shape " + shape
                    + " but the function gave " + dtype.length(array));
        }
        dtype.put(array, out);
    }

    /** The same, of which a file can say at once whether it has what is read. */
    Field<T> ofColumns(String... names) {
        return new Field<>(dtype, shape, writer, elements, List.of(names));
    }

    List<String> columns() {
        return columns;
    }

    Column column(String name, Role role) {
        return new Column(name, role, dtype, shape);
    }

    void write(T record, Buffer out) {
        writer.write(record, out);
    }

    Object elements(T record) {
        return elements.apply(record);
    }

    /** Says what it makes of each object. */
    @Override
    public String toString() {
        return "Field[" + dtype.name().toLowerCase(Locale.ROOT) + " " + shape + "]";
    }
}
