package io.github.tapeloop.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tapeloop.runtime.OpException;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.TString;

/** Attributes of every kind, and lists of inputs and outputs, reach TensorFlow. */
class OpAttributesTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    private Operation run(String type, Consumer<OperationBuilder> build) {
        OperationBuilder builder = tf.scope().opBuilder(type, type);
        build.accept(builder);
        return builder.build();
    }

    @Test
    void numbersFlagsTypesAndTexts() {
        Operand<TFloat32> image = tf.constant(new float[1][4][4][1]);
        Operation pool = run("MaxPool", b -> b.addInput(image.asOutput())
                .setAttr("ksize", new long[] {1, 2, 2, 1})
                .setAttr("strides", new long[] {1, 2, 2, 1})
                .setAttr("padding", "VALID")
                .setAttr("data_format", "NHWC"));
        assertEquals(Shape.of(1, 2, 2, 1), Tensors.shape(pool.output(0)));
        Operand<TFloat32> minus = tf.constant(-1f);
        Operation leaky = run("LeakyRelu", b -> b.addInput(minus.asOutput()).setAttr("alpha", 0.5f));
        assertEquals(-0.5, session.scalar(leaky.<TFloat32>output(0)));
        Operation argMax =
                run("ArgMax", b -> b.addInput(tf.constant(new float[] {1, 3}).asOutput())
                        .addInput(tf.constant(0).asOutput())
                        .setAttr("output_type", DataType.DT_INT32));
        assertEquals(1, session.scalar(argMax.<TInt32>output(0)));
        Operation sum =
                run("Sum", b -> b.addInput(tf.constant(new float[] {1, 3}).asOutput())
                        .addInput(tf.constant(0).asOutput())
                        .setAttr("keep_dims", true));
        assertEquals(Shape.of(1), Tensors.shape(sum.output(0)));
        Operation split = run("Split", b -> b.addInput(tf.constant(0).asOutput())
                .addInput(tf.constant(new float[] {1, 2, 3, 4}).asOutput())
                .setAttr("num_split", 2L));
        assertEquals(2, split.numOutputs());
        assertEquals(2, split.outputListLength("output"));
    }

    @Test
    void listsOfNumbersTypesShapesAndTexts() {
        Operand<TFloat32> image = tf.constant(new float[1][4][4][1]);
        Operation pool = run("FractionalMaxPool", b -> b.addInput(image.asOutput())
                .setAttr("pooling_ratio", new float[] {1, 2, 2, 1})
                .setAttr("deterministic", true));
        assertEquals(Shape.of(1, 2, 2, 1), Tensors.shape(pool.output(0)));
        Operation identities = run("IdentityN", b -> b.addInputList(new Output<?>[] {
                    tf.constant(1f).asOutput(), tf.constant(2).asOutput()
                })
                .setAttr("T", new DataType[] {DataType.DT_FLOAT, DataType.DT_INT32}));
        assertEquals(DataType.DT_INT32, identities.output(1).dataType());
        Operand<TString> serialized = tf.constant(NdArrays.vectorOfObjects(""));
        Operand<TString> none = tf.constant(NdArrays.ofObjects(String.class, Shape.of(0)));
        Operation parsed = run("ParseExample", b -> b.addInput(serialized.asOutput())
                .addInput(none.asOutput())
                .addInputList(new Output<?>[0])
                .addInputList(new Output<?>[] {tf.constant("key").asOutput()})
                .addInputList(new Output<?>[] {tf.constant(new float[] {7, 8}).asOutput()})
                .setAttr("sparse_types", new DataType[0])
                .setAttr("Tdense", new DataType[] {DataType.DT_FLOAT})
                .setAttr("dense_shapes", new Shape[] {Shape.of(2)}));
        assertEquals(Shape.of(1, 2), Tensors.shape(parsed.output(0)));
        Operation boundaries =
                run("Bucketize", b -> b.addInput(tf.constant(new float[] {5}).asOutput())
                        .setAttr("boundaries", new float[] {1, 3, 9}));
        assertEquals(Shape.of(1), Tensors.shape(boundaries.output(0)));
    }

    @Test
    void shapesAndListsOfInputs() {
        Operand<TFloat32> x = tf.constant(new float[][] {{1, 2}});
        Operation ensured = run("EnsureShape", b -> b.addInput(x.asOutput()).setAttr("shape", Shape.of(-1, 2)));
        assertEquals(Shape.of(1, 2), Tensors.shape(ensured.output(0)));
        assertEquals(Shape.of(2, 2), Tensors.shape(tf.concat(List.of(x, x), tf.constant(0))));
        assertEquals(Shape.of(30, 1, 2), Tensors.shape(tf.stack(Collections.nCopies(30, x))));
    }

    @Test
    void anUnknownOpOrAttributeIsNamed() {
        OpException unknown = assertThrows(OpException.class, () -> run("NoSuchOp", b -> {}));
        assertEquals("NoSuchOp", unknown.type());
        Operand<TFloat32> x = tf.constant(1f);
        assertThrows(
                OpException.class,
                () -> run("Neg", b -> b.addInput(x.asOutput()).addInput(x.asOutput())));
        assertThrows(OpException.class, () -> run("Add", b -> b.addInput(x.asOutput())));
    }
}
