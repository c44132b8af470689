package io.github.tapeloop.op;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.family.TType;

/**
 * The environment behind the {@code Ops} of a session: one that tells recorders of every op. Code that gets
 * an {@code Ops} and needs the session or a tape asks here, and so never learns whether the op runs now or is traced.
 */
public interface RecordingEnvironment extends ExecutionEnvironment {

    /**
     * The environment of an {@code Ops} that a session handed out.
     *
     * @param tf ops of a session
     * @return their environment
     * @throws IllegalArgumentException if {@code tf} was made by other means, such as {@code Ops.create(graph)}
     */
    static RecordingEnvironment of(Ops tf) {
        if (tf.scope().env() instanceof RecordingEnvironment environment) {
            return environment;
        }
        throw new IllegalArgumentException("Expected the Ops of a TapeSession, session.tf(), but these belong to "
                + tf.scope().env().getClass().getName()
                + ", which no tape can hear and no scope can free");
    }

    /**
     * The handle of a variable in this environment.
     *
     * @param sharedName the name under which the session keeps the variable's value
     * @param type the type of the value
     * @param shape the shape of the value
     * @param eagerHandle its handle outside any graph
     * @return the same, or a handle inside the graph that is being traced
     */
    Output<? extends TType> resource(
            String sharedName, Class<? extends TType> type, Shape shape, Output<? extends TType> eagerHandle);

    /**
     * Something that a session has one of, such as a cache of gradient rules.
     *
     * @param type its class
     * @param make makes it when it is first asked for
     * @param <A> its type
     * @return the same object in all environments of a session
     */
    <A> A attachment(Class<A> type, Supplier<A> make);

    /**
     * Starts telling a recorder of every op, until {@link #stopRecording}.
     *
     * @param recorder who wants to know
     */
    void startRecording(OpRecorder recorder);

    /**
     * Stops telling a recorder; nothing happens if it was not told.
     *
     * @param recorder the recorder given to {@link #startRecording}
     */
    void stopRecording(OpRecorder recorder);

    /**
     * The recording of a tape.
     *
     * @param tape any tape
     * @param <T> its type
     * @return its recording, or empty if it does not record here now
     */
    <T> Optional<Recording<T>> recording(T tape);

    /**
     * Whether anybody is told of ops now.
     *
     * @return true if a recorder would hear the next op
     */
    boolean isRecording();

    /**
     * Runs ops that those who record now hear of as one op. Recorders started inside hear the ops themselves. The inputs of
     * the one op are those given and then whatever else the ops used that was made before and that gradients can flow
     * to: operands, and the handles of variables that tapes watch by themselves.
     *
     * @param type what to call it
     * @param inputs its inputs; the body gets copies that share their memory, so that an input given twice is two
     * @param tag what recorders find with {@link RecordedOp#tag}
     * @param body makes the ops from the inputs and returns the results, at least one
     * @return the results, outputs of one op; if nobody records, the body's own
     */
    List<Operand<?>> composite(
            String type,
            List<? extends Operand<?>> inputs,
            Object tag,
            Function<List<Operand<?>>, ? extends List<? extends Operand<?>>> body);

    /**
     * How many devices ops of the session can run on.
     *
     * @return 1 where there is a CPU only
     */
    int devices();

    /**
     * Makes all later ops wait for earlier ones, whether they use them or not. What runs at once does so anyway; ops of a
     * graph have no order of their own, so that a failure of one would leave it to chance which others have happened.
     *
     * @param before what must have been computed; effects that came before must have happened as well
     */
    void fence(List<? extends Operand<?>> before);

    /**
     * Makes all later ops wait for the failures of earlier ones: until whatever of them may fail has not. Less than a {@link
     * #fence}: later ops may run beside earlier ones that cannot fail.
     *
     * @param before whose failures are meant, their own and those of all that they are computed from; effects that came
     *     before must have happened as well
     */
    void fenceFailures(List<? extends Operand<?>> before);

    /**
     * Who hears of ops that change state.
     *
     * @return the listener, or null
     */
    EffectListener effects();

    /**
     * Sets who hears of ops that change state.
     *
     * @param listener the listener, or null for none
     * @return the one before, or null
     */
    EffectListener effects(EffectListener listener);

    /**
     * Marks an op whose outputs tapes watch without being asked: the handle of a trainable variable.
     *
     * @param handle the op that made the handle
     * @param shape the shape of the variable's value
     */
    void autoWatch(Operation handle, Shape shape);

    /**
     * The shape of the variable behind a handle.
     *
     * @param handle any op of this environment
     * @return what was given to {@link #autoWatch}, or empty for other ops
     */
    Optional<Shape> watchedShape(Operation handle);

    /**
     * Whether tapes watch the outputs of an op without being asked.
     *
     * @param operation any op of this environment
     * @return true for what was given to {@link #autoWatch} and not withdrawn since
     */
    boolean isAutoWatched(Operation operation);

    /**
     * Withdraws {@link #autoWatch}.
     *
     * @param handle the op that made the handle
     */
    void endAutoWatch(Operation handle);
}
