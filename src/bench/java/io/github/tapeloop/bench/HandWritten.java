package io.github.tapeloop.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.AssignVariableOp;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReadVariableOp;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.op.nn.Conv2d;
import org.tensorflow.op.nn.MaxPool;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TType;

/** What an expert writes with TensorFlow Java alone: a graph, resource variables, the fused Adam, one run a step. */
final class HandWritten implements Contestant {

    private static final float BETA1 = 0.9f;
    private static final float BETA2 = 0.999f;

    private final Workload workload;
    private final float[] pixels;
    private final int[] labels;
    private final Graph graph = new Graph();
    private final Ops tf = Ops.create(graph);
    private final Session session;
    private final List<Op> initializers = new ArrayList<>();
    private final List<Operand<? extends TType>> handles = new ArrayList<>();
    private final List<Operand<TFloat32>> reads = new ArrayList<>();
    private final List<Shape> shapes = new ArrayList<>();
    private final Random random = new Random(1);
    private final Placeholder<TFloat32> x;
    private final Placeholder<TInt32> y;
    private final Placeholder<TFloat32> power1 = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    private final Placeholder<TFloat32> power2 = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.scalar()));
    private final Operand<TFloat32> loss;
    private double beta1Power = 1;
    private double beta2Power = 1;

    /** @param threads inter-op and intra-op threads, 0 for TensorFlow's default */
    HandWritten(Workload workload, float[] pixels, int[] labels, int threads) {
        this.workload = workload;
        this.pixels = pixels;
        this.labels = labels;
        this.x = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(workload.batch, 28, 28, 1)));
        this.y = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(workload.batch)));
        Operand<TFloat32> logits = workload.isConvolutional() ? convolutional() : perceptron();
        Operand<TFloat32> oneHot = tf.oneHot(y, tf.constant(10), tf.constant(1f), tf.constant(0f));
        this.loss =
                tf.math.mean(tf.nn.softmaxCrossEntropyWithLogits(logits, oneHot).loss(), tf.constant(0));
        Operand<TFloat32> step = update();
        this.fetched = step;
        this.session = new Session(
                graph,
                ConfigProto.newBuilder()
                        .setInterOpParallelismThreads(threads)
                        .setIntraOpParallelismThreads(threads)
                        .build());
        Session.Runner runner = session.runner();
        initializers.forEach(runner::addTarget);
        runner.run().close();
    }

    private final Operand<TFloat32> fetched;

    private Operand<TFloat32> variable(String name, Shape shape, double deviation) {
        shapes.add(shape);
        handles.add(newVariable(name, shape, deviation));
        Operand<TFloat32> read = ReadVariableOp.create(tf.scope(), handles.get(handles.size() - 1), TFloat32.class);
        reads.add(read);
        return read;
    }

    private Operand<? extends TType> newVariable(String name, Shape shape, double deviation) {
        VarHandleOp handle = VarHandleOp.create(tf.scope(), TFloat32.class, shape, VarHandleOp.sharedName(name));
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length && deviation > 0; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        initializers.add(AssignVariableOp.create(tf.scope(), handle, tf.constant(shape, DataBuffers.of(values))));
        return handle;
    }

    private Operand<TFloat32> dense(Operand<TFloat32> in, String name, long from, long to, boolean relu) {
        Operand<TFloat32> kernel = variable(name + "/kernel", Shape.of(from, to), Math.sqrt(2.0 / from));
        Operand<TFloat32> sum = tf.nn.biasAdd(tf.linalg.matMul(in, kernel), variable(name + "/bias", Shape.of(to), 0));
        return relu ? tf.nn.relu(sum) : sum;
    }

    private Operand<TFloat32> convolution(Operand<TFloat32> in, String name, long from, long to) {
        Operand<TFloat32> kernel = variable(name + "/kernel", Shape.of(3, 3, from, to), Math.sqrt(2.0 / (9 * from)));
        Conv2d<TFloat32> convolved = tf.nn.conv2d(in, kernel, List.of(1L, 1L, 1L, 1L), "VALID");
        Operand<TFloat32> active = tf.nn.relu(tf.nn.biasAdd(convolved, variable(name + "/bias", Shape.of(to), 0)));
        MaxPool<TFloat32> pooled = tf.nn.maxPool(
                active, tf.constant(new int[] {1, 2, 2, 1}), tf.constant(new int[] {1, 2, 2, 1}), "VALID");
        return pooled;
    }

    private Operand<TFloat32> perceptron() {
        Operand<TFloat32> flat = tf.reshape(x, tf.constant(new int[] {workload.batch, 784}));
        Operand<TFloat32> hidden1 = dense(flat, "hidden1", 784, workload.hidden, true);
        Operand<TFloat32> hidden2 = dense(hidden1, "hidden2", workload.hidden, workload.hidden, true);
        return dense(hidden2, "logits", workload.hidden, 10, false);
    }

    private Operand<TFloat32> convolutional() {
        Operand<TFloat32> image = convolution(convolution(x, "conv1", 1, 32), "conv2", 32, 64);
        Operand<TFloat32> flat = tf.reshape(image, tf.constant(new int[] {workload.batch, 1600}));
        return dense(dense(flat, "hidden", 1600, workload.hidden, true), "logits", workload.hidden, 10, false);
    }

    @SuppressWarnings("unchecked") // Gradients of float32 losses are float32.
    private Operand<TFloat32> update() {
        Output<?>[] gradients = graph.addGradients(
                loss.asOutput(), reads.stream().map(Operand::asOutput).toArray(Output<?>[]::new));
        List<Op> updates = new ArrayList<>();
        for (int i = 0; i < gradients.length; i++) {
            Operand<? extends TType> m = newVariable("m" + i, shapes.get(i), 0);
            Operand<? extends TType> v = newVariable("v" + i, shapes.get(i), 0);
            updates.add(tf.train.resourceApplyAdam(
                    handles.get(i),
                    m,
                    v,
                    power1,
                    power2,
                    tf.constant(1e-3f),
                    tf.constant(BETA1),
                    tf.constant(BETA2),
                    tf.constant(1e-7f),
                    (Output<TFloat32>) gradients[i]));
        }
        return tf.withControlDependencies(updates).identity(loss);
    }

    @Override
    public double microsPerStep(int steps) {
        int pixelsOfBatch = workload.batch * 784;
        long start = System.nanoTime();
        for (int i = 0; i < steps; i++) {
            beta1Power *= BETA1;
            beta2Power *= BETA2;
            int from = i * workload.batch % (labels.length - workload.batch);
            try (TFloat32 images = TFloat32.tensorOf(
                            Shape.of(workload.batch, 28, 28, 1),
                            DataBuffers.of(pixels, true, false).slice((long) from * 784, pixelsOfBatch));
                    TInt32 classes = TInt32.tensorOf(
                            Shape.of(workload.batch),
                            DataBuffers.of(labels, true, false).slice(from, workload.batch));
                    TFloat32 first = TFloat32.scalarOf((float) beta1Power);
                    TFloat32 second = TFloat32.scalarOf((float) beta2Power);
                    Result result = session.runner()
                            .feed(x, images)
                            .feed(y, classes)
                            .feed(power1, first)
                            .feed(power2, second)
                            .fetch(fetched)
                            .run()) {
                if (Float.isNaN(((TFloat32) result.get(0)).getFloat())) {
                    throw new IllegalStateException("the hand-written loop diverged");
                }
            }
        }
        return (System.nanoTime() - start) / 1e3 / steps;
    }

    @Override
    public void close() {
        session.close();
        graph.close();
    }
}
