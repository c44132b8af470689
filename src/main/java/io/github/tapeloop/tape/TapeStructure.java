package io.github.tapeloop.tape;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.op.Recording;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.runtime.TracedFunction.Spec;
import io.github.tapeloop.tape.Origins.Origin;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.Output;
import org.tensorflow.op.Ops;
import org.tensorflow.proto.DataType;

/**
 * What a tape has noted, without the values: the ops and their attributes, who uses whose output, which variables are
 * read, what rules may know of where inputs come from, and the types and shapes of all values. Tapes of equal structures have the same way back, with other values in
 * it; {@link #replay} makes it once for all of them in a graph.
 *
 * <p>Immutable. The values are those of the tape and are freed with its scope; what else there is stays.
 */
final class TapeStructure implements Recording.Structure<GradientTape> {

    private final List<RecordedOp> ops;
    /** For each op what its rule may know of where its inputs come from; empty for most. */
    private final List<List<Origin>> origins;
    /** The places among the values of each op's inputs, op by op, then those of the operands alongside. */
    private final int[] wiring;

    private final int alongside;
    private final List<Output<?>> values;
    private final List<Spec> specs;
    private final int hash;

    private TapeStructure(
            List<RecordedOp> ops,
            List<List<Origin>> origins,
            int[] wiring,
            int alongside,
            List<Output<?>> values,
            List<Spec> specs) {
        this.ops = ops;
        this.origins = origins;
        this.wiring = wiring;
        this.alongside = alongside;
        this.values = values;
        this.specs = specs;
        int code = 31 * Arrays.hashCode(wiring) + origins.hashCode();
        for (RecordedOp op : ops) {
            code = 31 * code + op.type().hashCode();
        }
        for (int i = wiring.length - alongside; i < wiring.length; i++) {
            code = 31 * code + specs.get(wiring[i]).hashCode();
        }
        this.hash = code;
    }

    /** The values of a tape, numbered: first all outputs of the ops, then what else they use. */
    private static final class Numbering {

        private final Map<Operation, int[]> places = new IdentityHashMap<>();
        private final List<Output<?>> values = new ArrayList<>();

        void addOutputs(RecordedOp op) {
            int[] ofOp = new int[op.outputs()];
            for (int k = 0; k < ofOp.length; k++) {
                ofOp[k] = values.size();
                values.add(op.output(k));
            }
            places.put(op.operation(), ofOp);
        }

        int place(Output<?> output) {
            int[] ofOp = places.get(output.op());
            if (ofOp == null) {
                ofOp = new int[output.op().numOutputs()];
                Arrays.fill(ofOp, -1);
                places.put(output.op(), ofOp);
            }
            if (ofOp[output.index()] < 0) {
                ofOp[output.index()] = values.size();
                values.add(output);
            }
            return ofOp[output.index()];
        }
    }

    static TapeStructure of(List<RecordedOp> noted, Origins facts, List<? extends Operand<?>> alongside) {
        List<RecordedOp> ops = List.copyOf(noted);
        List<List<Origin>> origins = new ArrayList<>(ops.size());
        Numbering numbering = new Numbering();
        int wires = alongside.size();
        for (RecordedOp op : ops) {
            origins.add(facts.asked(op));
            numbering.addOutputs(op);
            wires += op.inputs();
        }
        int[] wiring = new int[wires];
        int next = 0;
        for (RecordedOp op : ops) {
            for (int k = 0; k < op.inputs(); k++) {
                wiring[next++] = numbering.place(op.input(k));
            }
        }
        for (Operand<?> operand : alongside) {
            wiring[next++] = numbering.place(operand.asOutput());
        }
        List<Spec> specs = new ArrayList<>(numbering.values.size());
        for (Output<?> value : numbering.values) {
            specs.add(Tensors.isFreed(value) ? null : Spec.of(value));
        }
        return new TapeStructure(ops, origins, wiring, alongside.size(), numbering.values, specs);
    }

    /**
     * The values of a tape that has this structure, which is looked for op by op: what making a structure of it and comparing
     * the two would tell, without making one. A step asks this each time.
     *
     * @return as many as there are {@link #values}, or null if the tape has another structure, or values were freed
     */
    List<Output<?>> match(List<RecordedOp> noted, Origins facts, List<? extends Operand<?>> others) {
        if (noted.size() != ops.size() || others.size() != alongside) {
            return null;
        }
        Output<?>[] found = new Output<?>[specs.size()];
        int next = 0;
        for (int i = 0; i < ops.size(); i++) {
            RecordedOp op = noted.get(i);
            if (!op.isLike(ops.get(i)) || op.outputs() != ops.get(i).outputs() || !knows(i, facts, op)) {
                return null;
            }
            for (int k = 0; k < op.outputs(); k++) {
                found[next++] = op.output(k);
            }
        }
        next = 0;
        for (RecordedOp op : noted) {
            for (int k = 0; k < op.inputs(); k++) {
                if (!put(op.input(k), wiring[next++], found, facts)) {
                    return null;
                }
            }
        }
        for (Operand<?> operand : others) {
            if (!put(operand.asOutput(), wiring[next++], found, facts)) {
                return null;
            }
        }
        return haveSpecs(found) ? Arrays.asList(found) : null;
    }

    private boolean knows(int op, Origins facts, RecordedOp other) {
        return origins.get(op).isEmpty() || origins.get(op).equals(facts.asked(other));
    }

    /** Puts a value in a place that the outputs of noted ops have left free; false if another one belongs there. */
    private static boolean put(Output<?> value, int place, Output<?>[] found, Origins facts) {
        Output<?> there = found[place];
        if (there != null) {
            return there.op() == value.op() && there.index() == value.index();
        }
        found[place] = value;
        return !facts.isNoted(value.op());
    }

    private boolean haveSpecs(Output<?>[] found) {
        for (int i = 0; i < found.length; i++) {
            Spec spec = specs.get(i);
            if (Tensors.isFreed(found[i])
                    || !spec.describes(found[i])
                    || spec.type() == DataType.DT_RESOURCE
                            && found[i].op() != values.get(i).op()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public List<Output<?>> values() {
        return values;
    }

    @Override
    public boolean isComplete() {
        return !specs.contains(null) && ops.stream().noneMatch(RecordedOp::isComposite);
    }

    @Override
    public void replay(
            Ops tf,
            List<? extends Operand<?>> placeholders,
            Map<Operation, ? extends Operand<?>> handles,
            BiConsumer<GradientTape, List<Operand<?>>> body) {
        List<Operand<?>> standIns = new ArrayList<>(placeholders);
        for (int i = 0; i < standIns.size(); i++) {
            Operand<?> handle = handles.get(values.get(i).op());
            if (handle != null) {
                standIns.set(i, handle);
            }
        }
        List<RecordedOp> replayed = new ArrayList<>(ops.size());
        List<Operation> operations = new ArrayList<>(ops.size());
        int first = 0;
        for (RecordedOp op : ops) {
            operations.add(unite(tf, standIns, first, op.outputs()));
            first += op.outputs();
        }
        int next = 0;
        for (int i = 0; i < operations.size(); i++) {
            Output<?>[] inputs = new Output<?>[ops.get(i).inputs()];
            for (int k = 0; k < inputs.length; k++) {
                inputs[k] = standIns.get(wiring[next++]).asOutput();
            }
            replayed.add(ops.get(i).standIn(inputs, operations.get(i)));
        }
        List<Operand<?>> beside = new ArrayList<>(alongside);
        for (int i = next; i < wiring.length; i++) {
            beside.add(standIns.get(wiring[i]));
        }
        try (GradientTape tape = GradientTape.replayed(tf, replayed, origins)) {
            body.accept(tape, beside);
        }
    }

    /** One operation with all the outputs of an op, since a tape knows gradients by operation. */
    private static Operation unite(Ops tf, List<Operand<?>> standIns, int first, int count) {
        if (count == 0) { // It has an effect only: the assignment of a statistic.
            return tf.scope().opBuilder("NoOp", "NoOp").build();
        }
        if (count == 1) {
            return standIns.get(first).op();
        }
        Output<?>[] outputs = new Output<?>[count];
        for (int k = 0; k < count; k++) {
            outputs[k] = standIns.get(first + k).asOutput();
        }
        Operation operation = tf.scope()
                .opBuilder("IdentityN", "IdentityN")
                .addInputList(outputs)
                .build();
        for (int k = 0; k < count; k++) {
            standIns.set(first + k, operation.output(k));
        }
        return operation;
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof TapeStructure structure)
                || hash != structure.hash
                || alongside != structure.alongside
                || !Arrays.equals(wiring, structure.wiring)
                || !specs.equals(structure.specs)
                || !origins.equals(structure.origins)) {
            return false;
        }
        return sameOps(structure) && sameVariables(structure);
    }

    private boolean sameOps(TapeStructure other) {
        if (ops.size() != other.ops.size()) {
            return false;
        }
        for (int i = 0; i < ops.size(); i++) {
            if (!ops.get(i).isLike(other.ops.get(i))) {
                return false;
            }
        }
        return true;
    }

    private boolean sameVariables(TapeStructure other) {
        for (int i = 0; i < specs.size(); i++) {
            if (specs.get(i) != null
                    && specs.get(i).type() == DataType.DT_RESOURCE
                    && values.get(i).op() != other.values.get(i).op()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** Names the number of ops. */
    @Override
    public String toString() {
        return "a tape of " + ops.size() + " ops";
    }
}
