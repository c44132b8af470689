package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.runtime.TapeSession;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class UnregisteredLayerTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();
    private final Ops tf = session.tf();

    @AfterEach
    void close() {
        session.close();
    }

    /** Has a head, and calls a body besides, which it does not have. */
    private static final class Headed extends Model {
        private final Layer body;
        private final Dense head = layer(new Dense(1));

        Headed(Layer body) {
            this.body = body;
        }

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return head.call(pass, body.call(pass, x));
        }
    }

    private Operand<TFloat32> row() {
        return tf.constant(new float[][] {{1, 2}});
    }

    @Test
    void aLayerThatAModelCallsAndDoesNotHaveIsRefusedBeforeItMakesWeights() {
        Dense body = new Dense(4);
        Headed model = new Headed(body);
        ForwardPass pass = ForwardPass.training(tf);
        Operand<TFloat32> x = row();
        int live = session.liveHandles();
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> pass.call(model, x));
        for (String words : List.of("'dense' (Dense)", "a call of 'headed'", "layer(new Dense(…))")) {
            assertTrue(error.getMessage().contains(words), error.getMessage());
        }
        assertEquals(live, session.liveHandles());
        assertEquals(0, body.variables().size());
    }

    @Test
    void aLayerThatWasTrainedElsewhereMayBeCalled() {
        Model body = Sequential.of(new Dense(4), new Dense(3));
        body.call(ForwardPass.training(tf), row());
        Headed model = new Headed(body);
        ForwardPass.training(tf).call(model, row());
        assertEquals(2, model.variables().size());
    }

    @Test
    void aModelMayCallAnotherByThePass() {
        Model body = Sequential.of(new Dense(4));
        ForwardPass pass = ForwardPass.training(tf);
        Model outer = Sequential.of(new Lambda((inner, x) -> inner.call(body, x)), new Dense(1));
        pass.call(outer, row());
        assertEquals(2, body.variables().size());
        assertEquals(2, outer.variables().size());
    }

    @Test
    void aPartThatIsRunAgainKnowsItsModel() {
        Dense body = new Dense(4);
        Model model = Sequential.of(
                new Lambda((pass, x) -> pass.repeatable(
                        body::call, x, (ops, function, inputs) -> function.apply(ops, List.copyOf(inputs)))),
                new Dense(1));
        assertThrows(IllegalStateException.class, () -> ForwardPass.training(tf).call(model, row()));
    }
}
