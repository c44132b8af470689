package io.github.tapeloop.bench;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.Arrays;

/** The Deep Java Library on PyTorch: its trainer, one batch at a time, without listeners. */
final class Djl implements Contestant {

    private final Workload workload;
    private final float[] pixels;
    private final int[] labels;
    private final Model model;
    private final Trainer trainer;

    private final int threads;

    /** @param threads inside one operator */
    Djl(Workload workload, float[] pixels, int[] labels, int threads) {
        this.threads = threads;
        this.workload = workload;
        this.pixels = pixels;
        this.labels = labels;
        this.model = Model.newInstance("bench", Device.cpu(), "PyTorch");
        model.setBlock(workload.isConvolutional() ? convolutional() : perceptron());
        this.trainer = model.newTrainer(new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(Optimizer.adam()
                        .optLearningRateTracker(Tracker.fixed(1e-3f))
                        .build())
                .optDevices(new Device[] {Device.cpu()}));
        trainer.initialize(new Shape(workload.batch, 1, 28, 28));
    }

    private SequentialBlock perceptron() {
        return new SequentialBlock()
                .add(Blocks.batchFlattenBlock(784))
                .add(Linear.builder().setUnits(workload.hidden).build())
                .add(Activation.reluBlock())
                .add(Linear.builder().setUnits(workload.hidden).build())
                .add(Activation.reluBlock())
                .add(Linear.builder().setUnits(10).build());
    }

    private SequentialBlock convolutional() {
        return new SequentialBlock()
                .add(Conv2d.builder()
                        .setFilters(32)
                        .setKernelShape(new Shape(3, 3))
                        .build())
                .add(Activation.reluBlock())
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(Conv2d.builder()
                        .setFilters(64)
                        .setKernelShape(new Shape(3, 3))
                        .build())
                .add(Activation.reluBlock())
                .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
                .add(Blocks.batchFlattenBlock())
                .add(Linear.builder().setUnits(workload.hidden).build())
                .add(Activation.reluBlock())
                .add(Linear.builder().setUnits(10).build());
    }

    @Override
    public double microsPerStep(int steps) {
        JniUtils.setNumThreads(threads); // One setting for the process: the contestants take turns.
        long start = System.nanoTime();
        for (int i = 0; i < steps; i++) {
            int from = i * workload.batch % (labels.length - workload.batch);
            try (NDManager manager = trainer.getManager().newSubManager()) {
                NDArray images = manager.create(
                        Arrays.copyOfRange(pixels, from * 784, (from + workload.batch) * 784),
                        new Shape(workload.batch, 1, 28, 28));
                NDArray classes = manager.create(Arrays.copyOfRange(labels, from, from + workload.batch));
                try (GradientCollector collector = trainer.newGradientCollector()) {
                    NDList output = trainer.forward(new NDList(images));
                    output.attach(manager);
                    NDArray loss = trainer.getLoss().evaluate(new NDList(classes), output);
                    loss.attach(manager);
                    collector.backward(loss);
                }
                trainer.step();
            }
        }
        return (System.nanoTime() - start) / 1e3 / steps;
    }

    @Override
    public void close() {
        trainer.close();
        model.close();
    }
}
