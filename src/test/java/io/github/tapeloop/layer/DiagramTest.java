package io.github.tapeloop.layer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.runtime.TapeSession;
import org.junit.jupiter.api.Test;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;

/** A model is drawn as its data goes, or as its layers are, with what comes out of them. */
class DiagramTest {

    @Test
    void layersThatFollowOneAnotherAreAChain() {
        Sequential model = Sequential.of(new Dense(3), new Dropout(0.1));
        assertEquals("""
                digraph model {
                  node [shape=box];
                  n0 [label="input"];
                  n1 [label="dense (Dense)"];
                  n2 [label="dropout (Dropout)"];
                  n3 [label="output"];
                  n0 -> n1;
                  n1 -> n2;
                  n2 -> n3;
                }
                """, model.toDot());
        try (TapeSession session = TapeSession.open()) {
            model.build(session, Shape.of(-1, 2));
        }
        assertEquals("""
                flowchart TD
                  n0["input"]
                  n1["dense (Dense)<br/>[-1, 3]"]
                  n2["dropout (Dropout)<br/>[-1, 3]"]
                  n3["output"]
                  n0 --> n1
                  n1 --> n2
                  n2 --> n3
                """, model.toMermaid());
    }

    @Test
    void nodesAreDrawnOnceForEachCallAndNamesAreEscaped() {
        Node odd = Node.input("a \"b\" \\ #\n<c>", 2);
        Dense shared = new Dense(2);
        Node twice = odd.then(shared).then(shared);
        Functional model = Functional.of(Node.of(new Add(), odd, twice).named("sum"));
        assertEquals("""
                digraph model {
                  node [shape=box];
                  n0 [label="a \\"b\\" \\\\ # <c>\\n[-1, 2]"];
                  n1 [label="dense (Dense)"];
                  n2 [label="dense (Dense)"];
                  n3 [label="add (Add)"];
                  n4 [label="sum"];
                  n0 -> n1;
                  n1 -> n2;
                  n0 -> n3;
                  n2 -> n3;
                  n3 -> n4;
                }
                """, model.toDot());
        assertEquals(
                "  n0[\"a #quot;b#quot; \\ #35; #lt;c#gt;<br/>[-1, 2]\"]",
                model.toMermaid().lines().skip(1).findFirst().orElseThrow());
    }

    private static final class Tree extends Model {
        private final Dense inner = new Dense(1);
        private final Sequential one = layer("one", Sequential.sharing(inner));
        private final Sequential other = layer("other", Sequential.sharing(inner));

        @Override
        public Operand<TFloat32> call(ForwardPass pass, Operand<TFloat32> x) {
            return other.call(pass, one.call(pass, x));
        }
    }

    @Test
    void anyOtherModelIsATreeInWhichWhatIsSharedIsOneBox() {
        assertEquals("""
                flowchart TD
                  n0["tree (Tree)"]
                  n1["one (Sequential)"]
                  n2["dense (Dense)"]
                  n3["other (Sequential)"]
                  n1 --> n2
                  n0 --> n1
                  n3 --> n2
                  n0 --> n3
                """, new Tree().toMermaid());
    }
}
