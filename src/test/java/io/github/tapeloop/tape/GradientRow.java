package io.github.tapeloop.tape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.tensorflow.Operand;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TInt64;
import org.tensorflow.types.family.TType;

/**
 * One op type whose gradient is held against central differences: which float64 inputs it gets, and how it is made from
 * them.
 */
record GradientRow(String type, List<Input> inputs, Body body, boolean twice, double tolerance, int onlyOutput) {

    private static final int ALL_OUTPUTS = -1;

    /** What differences of fourth order reach in float64. */
    private static final double EXACT = 1e-8;

    /** What they reach where the op computes in float32. */
    private static final double SINGLE = 3e-4;

    private static final Set<String> WITH_SEVERAL_OUTPUTS =
            Set.of("Split", "SplitV", "Unpack", "DynamicPartition", "SoftmaxCrossEntropyWithLogits", "IdentityN", "Qr");

    static GradientRow of(String type, List<Input> inputs, Body body) {
        return new GradientRow(type, inputs, body, false, EXACT, ALL_OUTPUTS);
    }

    /** Makes the op; its differentiable outputs are what is differentiated. */
    @FunctionalInterface
    interface Body {
        Op make(Ops tf, List<Operand<TFloat64>> x);
    }

    /** A float64 input: a shape, and the range its values are spread over; or, where these matter, its values. */
    record Input(Shape shape, double low, double high, double... given) {

        /** Fixed values, irregular enough that no two are close: the golden ratio's multiples, modulo one. */
        double[] values(int salt) {
            if (given.length > 0) {
                return given.clone();
            }
            double[] values = new double[(int) shape.size()];
            for (int i = 0; i < values.length; i++) {
                double unit = (0.5 + (i + 17 * salt) * 0.6180339887498949) % 1.0;
                values[i] = low + (high - low) * unit;
            }
            return values;
        }
    }

    static Input in(long... shape) {
        return new Input(Shape.of(shape), -1.37, 1.61);
    }

    static Input in(double low, double high, long... shape) {
        return new Input(Shape.of(shape), low, high);
    }

    static Input given(Shape shape, double... values) {
        return new Input(shape, 0, 0, values);
    }

    static GradientRow row(String type, Input a, Body body) {
        return of(type, List.of(a), body);
    }

    static GradientRow row(String type, Input a, Input b, Body body) {
        return of(type, List.of(a, b), body);
    }

    static GradientRow row(String type, Input a, Input b, Input c, Body body) {
        return of(type, List.of(a, b, c), body);
    }

    /** A row of an op with as many inputs as given and no attributes. */
    static GradientRow plain(String type, Input... inputs) {
        return of(type, List.of(inputs), new Plain(type));
    }

    /** Makes an op of its inputs alone, whatever their type. */
    private record Plain(String type) implements Body {

        @Override
        public Op make(Ops tf, List<Operand<TFloat64>> x) {
            return op(tf, type).in(x);
        }
    }

    /** Whether the op takes inputs of other types as well. */
    boolean takesAnyType() {
        return body instanceof Plain;
    }

    /** The second derivative is checked, too. */
    GradientRow andTwice() {
        return new GradientRow(type, inputs, body, true, tolerance, onlyOutput);
    }

    /** For functions with steep higher derivatives, and for attributes that are float32. */
    GradientRow within(double newTolerance) {
        return new GradientRow(type, inputs, body, twice, newTolerance, onlyOutput);
    }

    /** For ops that compute in float32. */
    GradientRow inFloat32() {
        return within(SINGLE);
    }

    boolean isInFloat32() {
        return tolerance == SINGLE;
    }

    /** The same op, of whose floating point outputs the target uses one. */
    GradientRow output(int index) {
        return new GradientRow(type, inputs, body, false, tolerance, index);
    }

    boolean hasSeveralOutputs() {
        return onlyOutput < 0 && WITH_SEVERAL_OUTPUTS.contains(type);
    }

    @Override
    public String toString() {
        return type
                + inputs.stream().map(Input::shape).toList()
                + (twice ? " twice" : "")
                + (onlyOutput < 0 ? "" : " output " + onlyOutput);
    }

    static Op op(Ops tf, String type) {
        return new Op(tf, tf.scope().opBuilder(type, type), new ArrayList<>());
    }

    /** In float32, for ops that have no kernel for float64. */
    static Operand<?> single(Ops tf, Operand<?> x) {
        return cast(tf, x, DataType.DT_FLOAT).out(0);
    }

    /** In float64 again. */
    static Op back(Ops tf, Operand<?> x) {
        return cast(tf, x, DataType.DT_DOUBLE);
    }

    private static Op cast(Ops tf, Operand<?> x, DataType type) {
        return op(tf, "Cast").in(x).set(b -> b.setAttr("DstT", type));
    }

    /** A complex operand of two inputs: complex is not an input type of the rows. */
    static Operand<?> complexOf(Ops tf, Operand<?> real, Operand<?> imaginary) {
        return op(tf, "Complex")
                .in(real, imaginary)
                .set(b -> b.setAttr("Tout", DataType.DT_COMPLEX128))
                .out(0);
    }

    /** Real and imaginary part of a complex operand, one behind the other. */
    static Op parts(Ops tf, Operand<?> complex) {
        List<Operand<?>> parts = new ArrayList<>();
        for (String type : List.of("Real", "Imag")) {
            parts.add(op(tf, type)
                    .in(complex)
                    .set(b -> b.setAttr("Tout", DataType.DT_DOUBLE))
                    .out(0));
        }
        return op(tf, "Pack").list(parts);
    }

    static Operand<TFloat64> constant(Ops tf, Input input, int salt) {
        return tf.constant(input.shape(), DataBuffers.of(input.values(salt)));
    }

    static Operand<TInt64> longs(Ops tf, long... values) {
        return tf.constant(values);
    }

    static Operand<TInt32> ints(Ops tf, int... values) {
        return tf.constant(values);
    }

    /** An op in the making, and then its outputs. */
    record Op(Ops tf, OperationBuilder builder, List<Output<?>> outputs) {

        Op in(Operand<?>... inputs) {
            Arrays.stream(inputs).forEach(input -> builder.addInput(input.asOutput()));
            return this;
        }

        Op in(List<? extends Operand<?>> inputs) {
            inputs.forEach(input -> builder.addInput(input.asOutput()));
            return this;
        }

        Op list(List<? extends Operand<?>> inputs) {
            builder.addInputList(inputs.stream().map(Operand::asOutput).toArray(Output<?>[]::new));
            return this;
        }

        Op set(Consumer<OperationBuilder> attributes) {
            attributes.accept(builder);
            return this;
        }

        /** Runs the op. */
        List<Output<?>> all() {
            if (outputs.isEmpty()) {
                var operation = builder.build();
                for (int i = 0; i < operation.numOutputs(); i++) {
                    outputs.add(operation.output(i));
                }
            }
            return outputs;
        }

        @SuppressWarnings("unchecked") // The row knows its types.
        <T extends TType> Operand<T> out(int index) {
            return (Operand<T>) all().get(index);
        }
    }
}
