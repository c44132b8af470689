package io.github.tapeloop.op;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;

/**
 * The recording of a gradient tape: it can be compared with those of other tapes, and made again in a graph. Who has the tape
 * finds it by {@link RecordingEnvironment#recording}.
 *
 * @param <T> the type of the tape
 */
public interface Recording<T> extends OpRecorder {

    /**
     * Whose recording this is.
     *
     * @return the tape
     */
    T tape();

    /**
     * What was noted so far, to be compared with other recordings and replayed.
     *
     * @param alongside further operands that what follows the tape works with, recorded or not
     * @return the structure now
     */
    Structure<T> structure(List<? extends Operand<?>> alongside);

    /**
     * The values of this recording, if it has noted the same as one before: quicker than to make its {@link #structure} and
     * to compare.
     *
     * @param like a structure that is complete
     * @param alongside further operands, as for {@link #structure}
     * @return what a function traced with {@link Structure#replay} takes, or empty if the structures differ
     */
    Optional<List<Output<?>>> values(Structure<T> like, List<? extends Operand<?>> alongside);

    /**
     * What tapes have noted, without the values. Those of equal structures have the same way back, with other values in it;
     * {@link #replay} makes it once for all of them in a graph. Immutable; the values are freed with their scopes.
     *
     * @param <T> the type of the tapes
     */
    interface Structure<T> {

        /**
         * What a function traced with {@link #replay} takes.
         *
         * @return the outputs of the ops, and what else they use
         */
        List<Output<?>> values();

        /**
         * Whether the way back can be made from the values.
         *
         * @return false if some have been freed already, or an op carries a rule of its own, which may know other operands
         */
        boolean isComplete();

        /**
         * Makes a tape in a graph that has noted the same ops, with placeholders for their outputs and for what else they
         * use. Effects of what is made after the tape has given its gradients, on variables for example, wait for the
         * gradients.
         *
         * @param tf ops of the graph
         * @param placeholders like {@link #values}
         * @param handles what takes the place of a placeholder, by the op whose output it is for: the handles of the
         *     variables that gradients will be asked for
         * @param body gets the tape, which gives gradients once and closes afterwards, and what stands for the operands
         *     alongside
         */
        void replay(
                Ops tf,
                List<? extends Operand<?>> placeholders,
                Map<Operation, ? extends Operand<?>> handles,
                BiConsumer<T, List<Operand<?>>> body);
    }
}
