package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.github.tapeloop.Trainer;
import io.github.tapeloop.TrainerBuilder;
import io.github.tapeloop.data.Batch;
import io.github.tapeloop.layer.ForwardPass;
import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.Model;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.optimizer.Sgd;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;
import org.tensorflow.types.family.TNumber;

/** Rows gathered of a variable have a gradient of rows in every step and every mode, which a lazy optimizer shows. */
class RowGradientTest {

    private static final Loss MEAN =
            (tf, target, y) -> tf.math.mean(tf.reshape(y, tf.constant(new int[] {-1})), tf.constant(0));

    /** How rows are taken out of a table. */
    @FunctionalInterface
    private interface Lookup {
        Operand<TFloat32> of(Ops tf, Variable<TFloat32> table, Operand<TInt32> ids);
    }

    private static final class Table extends Model {

        private final Lookup lookup;

        Table(Lookup lookup) {
            this.lookup = lookup;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> ids) {
            Ops tf = pass.tf();
            Variable<TFloat32> table = weight(pass, "table", Shape.of(4, 1), TFloat32.class, Initializer.ones());
            Operand<TInt32> places = tf.dtypes.cast(tf.reshape(ids, tf.constant(new int[] {-1})), TInt32.class);
            return lookup.of(tf, table, places);
        }
    }

    /** A metric of the user's own, for which eager steps run op by op. */
    private static final class Own extends Metric {
        Own() {
            super("own");
        }

        @Override
        public void update(Ops tf, Operand<? extends TNumber> target, Operand<TFloat32> prediction) {
            average(tf, prediction);
        }
    }

    static Stream<Arguments> waysAndModes() {
        return Stream.of(
                        Named.<Lookup>of("read", (tf, table, ids) -> tf.gather(table.read(tf), ids, tf.constant(0))),
                        Named.<Lookup>of(
                                "axis from the back",
                                (tf, table, ids) -> tf.gather(table.read(tf), ids, tf.constant(-2))),
                        Named.<Lookup>of("gather", (tf, table, ids) -> table.gather(tf, ids)),
                        Named.<Lookup>of(
                                "both",
                                (tf, table, ids) -> tf.math.mul(
                                        tf.constant(0.5f),
                                        tf.math.add(
                                                table.gather(tf, ids),
                                                tf.gather(table.read(tf), ids, tf.constant(0))))))
                .flatMap(way -> Stream.of(
                                Named.<UnaryOperator<TrainerBuilder>>of("kept tail", b -> b),
                                Named.<UnaryOperator<TrainerBuilder>>of("op by op", b -> b.metrics(new Own())),
                                Named.<UnaryOperator<TrainerBuilder>>of("compiled", TrainerBuilder::compiled))
                        .map(mode -> Arguments.of(way, mode)));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("waysAndModes")
    void aRowWithoutAGradientStaysAsItIs(Lookup lookup, UnaryOperator<TrainerBuilder> mode) {
        Table model = new Table(lookup);
        float[][] expected = {{0.9f, 1, 1, 1}, {0.9f, 0.9f, 1, 1}, {0.9f, 0.71f, 1, 1}, {0.71f, 0.71f, 1, 1}};
        TrainerBuilder builder = Trainer.of(model)
                .loss(MEAN)
                .optimizer(new Sgd(0.1).momentum(0.9).lazy(true));
        try (Trainer trainer = mode.apply(builder).build()) {
            float[] ids = {0, 1, 1, 0};
            for (int i = 0; i < ids.length; i++) {
                trainer.trainOnBatch(Batch.of(new float[][] {{ids[i]}}, new int[] {0}));
                assertArrayEquals(expected[i], rows(trainer, model), 1e-6f, "step " + i);
            }
        }
    }

    @SuppressWarnings("unchecked") // The table is float32.
    private static float[] rows(Trainer trainer, Table model) {
        try (TensorScope scope = trainer.session().scope()) {
            Ops tf = trainer.session().tf();
            Variable<?> table = model.variables().iterator().next();
            Operand<TFloat32> flat = tf.reshape((Operand<TFloat32>) table.read(tf), tf.constant(new int[] {-1}));
            return trainer.session().read(flat, StdArrays::array1dCopyOf);
        }
    }
}
