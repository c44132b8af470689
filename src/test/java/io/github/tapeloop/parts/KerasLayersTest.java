package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tapeloop.layer.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Each layer, several times, against figures of Keras itself. */
class KerasLayersTest {

    private static final int LEAST = 3;

    static Stream<Arguments> runs() {
        return KerasLayers.cases().values().stream()
                .flatMap(row -> Stream.of(
                        Arguments.of(row.name(), row, new PartRun(false, false)),
                        Arguments.of(row.name(), row, new PartRun(false, true)),
                        Arguments.of(row.name(), row, new PartRun(true, false)),
                        Arguments.of(row.name(), row, new PartRun(true, true))));
    }

    @ParameterizedTest(name = "{0} {2}")
    @MethodSource("runs")
    void everyLayerComputesWhatKerasComputes(String name, LayerCase row, PartRun run) {
        row.check(run);
    }

    @Test
    void everyLayerHasThreeConfigurationsOrMore() {
        Map<String, Integer> counts = new TreeMap<>();
        Parts.of(PartRow.Kind.LAYER).forEach(part -> counts.put(part, 0));
        KerasLayers.cases()
                .values()
                .forEach(row -> counts.merge(partOf(row.layer().get()), 1, Integer::sum));
        counts.values().removeIf(count -> count >= LEAST);
        assertEquals(Map.of(), counts, "add cases to keras_layers.py");
    }

    private static String partOf(Layer layer) {
        Layer inner =
                layer instanceof LayerCase.Several several ? several.layers().get("inner") : layer;
        return inner.getClass().getSimpleName();
    }

    @Test
    void everyFigureIsCompared() {
        List<String> compared = new ArrayList<>(KerasLayers.cases().keySet());
        compared.sort(null);
        assertEquals(KerasLayers.figures(), compared);
    }
}
