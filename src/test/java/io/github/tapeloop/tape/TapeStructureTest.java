package io.github.tapeloop.tape;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.github.tapeloop.op.Recording;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.state.Variable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.linalg.MatMul;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** When a tape has noted the same as one before. */
class TapeStructureTest {

    /** What a tape hears, from two variables [2, 2]; gives the operands alongside. */
    private interface Program {
        List<Operand<?>> run(Ops tf, Operand<TFloat32> w, Operand<TFloat32> v, Operand<TFloat32> x);
    }

    /** Each differs from the others in one thing. */
    private static Map<String, Program> programs() {
        Map<String, Program> all = new LinkedHashMap<>();
        all.put("a sum", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, x), v)));
        all.put("another op", (tf, w, v, x) -> List.of(tf.math.sub(tf.math.mul(w, x), v)));
        all.put("one op more", (tf, w, v, x) -> List.of(tf.math.neg(tf.math.add(tf.math.mul(w, x), v))));
        all.put("variables exchanged", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(v, x), w)));
        all.put("inputs exchanged", (tf, w, v, x) -> List.of(tf.math.add(v, tf.math.mul(w, x))));
        all.put("one variable twice", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, x), w)));
        all.put("a constant instead of a variable", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, x), x)));
        all.put("an output twice", (tf, w, v, x) -> {
            Operand<TFloat32> product = tf.math.mul(w, x);
            return List.of(tf.math.add(product, product), v);
        });
        all.put(
                "a constant instead of an output",
                (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, x), tf.constant(new float[2][2])), v));
        all.put("another shape", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, tf.constant(2f)), v)));
        all.put("more alongside", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, x), v), x));
        all.put("another type alongside", (tf, w, v, x) -> List.of(tf.math.add(tf.math.mul(w, x), v), ints(tf)));
        all.put("an output alongside", (tf, w, v, x) -> {
            Operand<TFloat32> product = tf.math.mul(w, x);
            return List.of(tf.math.add(product, v), product);
        });
        all.put("a product", (tf, w, v, x) -> List.of(tf.linalg.matMul(w, v)));
        all.put("an attribute", (tf, w, v, x) -> List.of(tf.linalg.matMul(w, v, MatMul.transposeA(true))));
        all.put("rows", (tf, w, v, x) -> List.of(tf.gather(w, tf.constant(new int[] {1, 0}), tf.constant(0))));
        all.put("columns", (tf, w, v, x) -> List.of(tf.gather(w, tf.constant(new int[] {1, 0}), tf.constant(1))));
        return all;
    }

    private static Operand<TInt32> ints(Ops tf) {
        return tf.constant(new int[2][2]);
    }

    @Test
    void aTapeHasTheValuesOfAStructureExactlyIfItHasNotedTheSame() {
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            Variable<TFloat32> w =
                    Variable.create(tf, "w", tf.fill(tf.constant(new int[] {2, 2}), tf.constant(1f)), true);
            Variable<TFloat32> v =
                    Variable.create(tf, "v", tf.fill(tf.constant(new int[] {2, 2}), tf.constant(2f)), true);
            Map<String, Recording.Structure<GradientTape>> structures = new LinkedHashMap<>();
            programs().forEach((name, program) -> {
                try (TensorScope scope = session.scope();
                        GradientTape tape = GradientTape.open(tf)) {
                    structures.put(name, tape.notes().structure(program.run(tf, w.read(tf), v.read(tf), x(tf))));
                }
            });
            programs().forEach((name, program) -> {
                try (TensorScope scope = session.scope();
                        GradientTape tape = GradientTape.open(tf)) {
                    List<Operand<?>> alongside = program.run(tf, w.read(tf), v.read(tf), x(tf));
                    Recording.Structure<GradientTape> own = tape.notes().structure(alongside);
                    structures.forEach((other, structure) -> {
                        Optional<List<Output<?>>> values = tape.notes().values(structure, alongside);
                        assertEquals(own.equals(structure), values.isPresent(), name + " as " + other);
                        assertEquals(name.equals(other), values.isPresent(), name + " as " + other);
                        values.ifPresent(found -> assertAre(own.values(), found));
                    });
                }
            });
        }
    }

    @Test
    void aTapeWhoseValuesWereFreedHasThoseOfNoStructure() {
        try (TapeSession session = TapeSession.open()) {
            Ops tf = session.tf();
            Variable<TFloat32> w = Variable.create(tf, "w", tf.constant(1f), true);
            List<Recording.Structure<GradientTape>> before = new ArrayList<>();
            for (boolean freed : new boolean[] {false, true}) {
                try (TensorScope scope = session.scope();
                        GradientTape tape = GradientTape.open(tf)) {
                    Operand<TFloat32> read = w.read(tf);
                    Operand<TFloat32> square = tf.math.square(read);
                    if (freed) {
                        session.free(read);
                        assertEquals(Optional.empty(), tape.notes().values(before.get(0), List.of(square)));
                    } else {
                        before.add(tape.notes().structure(List.of(square)));
                    }
                }
            }
        }
    }

    private static Operand<TFloat32> x(Ops tf) {
        return tf.reshape(tf.constant(new float[] {1, 2, 3, 4}), tf.constant(Shape.of(2, 2)));
    }

    private static void assertAre(List<Output<?>> expected, List<Output<?>> found) {
        assertEquals(expected.size(), found.size());
        for (int i = 0; i < expected.size(); i++) {
            assertSame(expected.get(i).op(), found.get(i).op());
            assertEquals(expected.get(i).index(), found.get(i).index());
        }
    }
}
