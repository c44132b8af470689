package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.loss.Huber;
import io.github.tapeloop.loss.Loss;
import io.github.tapeloop.loss.PerSampleLoss;
import io.github.tapeloop.loss.Tversky;
import io.github.tapeloop.metric.Auc;
import io.github.tapeloop.metric.Mean;
import io.github.tapeloop.metric.MeanCosineSimilarity;
import io.github.tapeloop.metric.Metric;
import io.github.tapeloop.parts.LossesAndMetrics.Data;
import io.github.tapeloop.parts.LossesAndMetrics.Part;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.TensorScope;
import io.github.tapeloop.runtime.TracedFunction;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Operand;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.family.TNumber;

/** Laws that every public loss and metric keeps, found by reflection: those added later keep them or fail here. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LossAndMetricLawsTest {

    private final TapeSession session = TapeSession.builder().threads(1, 1).build();

    /** A way to use a part with data. */
    @FunctionalInterface
    private interface Use {
        void with(Ops tf, Object part, Data data);
    }

    @AfterAll
    void close() {
        session.close();
    }

    private static Map<String, Use> uses(Object part, Data data) {
        Map<String, Use> uses = new LinkedHashMap<>();
        uses.put("used", LossesAndMetrics::use);
        if (part instanceof Metric) {
            uses.put("used with weights", (tf, metric, d) -> ((Metric) metric)
                    .update(tf, d.target(), d.prediction(), tf.constant(new float[] {1, 2})));
        } else {
            uses.put("as a metric", (tf, loss, d) -> Metric.of((Loss) loss).update(tf, d.target(), d.prediction()));
        }
        if (part instanceof PerSampleLoss each) {
            uses.put(
                    "asked for values", (tf, loss, d) -> ((PerSampleLoss) loss).values(tf, d.target(), d.prediction()));
            if (each.isPerSample(data.prediction())) {
                uses.put("used with weights", (tf, loss, d) -> ((Loss) loss)
                        .call(tf, d.target(), d.prediction(), tf.constant(new float[] {1, 2})));
                uses.put("masked", (tf, loss, d) -> ((Loss) loss)
                        .masked(tf.constant(new boolean[] {true, false}))
                        .call(tf, d.target(), d.prediction()));
            }
        }
        return uses;
    }

    @ParameterizedTest
    @MethodSource("io.github.tapeloop.parts.LossesAndMetrics#parts")
    void settingsCanChangeUntilTheFirstUseAndNotAfterIt(Part part) {
        try (TensorScope scope = session.scope()) {
            Ops tf = session.tf();
            Data data = LossesAndMetrics.fitting(tf, part);
            for (Method setter : LossesAndMetrics.setters(part.type())) {
                Object unused = part.make().get();
                assertSame(unused, LossesAndMetrics.call(setter, unused), setter.getName());
                uses(part.make().get(), data).forEach((how, use) -> {
                    Object used = part.make().get();
                    use.with(tf, used, data);
                    assertRefused(used, setter, how);
                    Object traced = part.make().get();
                    trace(traced, data, use);
                    assertRefused(traced, setter, how + " in a trace");
                });
            }
        }
    }

    private void trace(Object part, Data data, Use use) {
        List<Operand<?>> inputs = List.of(data.target(), data.prediction());
        List<TracedFunction.Spec> specs = inputs.stream()
                .<TracedFunction.Spec>map(TracedFunction.Spec::of)
                .toList();
        TracedFunction.trace(session, "use", specs, (tf, in) -> {
                    @SuppressWarnings("unchecked") // As in the data.
                    Data given = new Data((Operand<? extends TNumber>) in.get(0), (Operand<TFloat32>) in.get(1));
                    use.with(tf, part, given);
                    return List.of(tf.constant(0f));
                })
                .close();
    }

    private static void assertRefused(Object part, Method setter, String how) {
        IllegalStateException late = assertThrows(
                IllegalStateException.class,
                () -> LossesAndMetrics.call(setter, part),
                () -> part + " " + how + ": " + setter.getName());
        assertTrue(late.getMessage().contains(part.getClass().getSimpleName()), late.getMessage());
        assertTrue(late.getMessage().contains(setter.getName()), late.getMessage());
    }

    @Test
    void settersAreFoundWhereverTheyAreDeclared() {
        assertEquals(Set.of("delta", "reduction"), setterNames(Huber.class));
        assertEquals(Set.of("axis", "alpha", "beta", "reduction"), setterNames(Tversky.class));
        assertEquals(Set.of("axis"), setterNames(MeanCosineSimilarity.class));
        assertEquals(
                Set.of("numThresholds", "thresholds", "curve", "summation", "multiLabel", "labelWeights", "fromLogits"),
                setterNames(Auc.class));
        assertEquals(Set.of(), setterNames(Mean.class));
    }

    private static Set<String> setterNames(Class<?> type) {
        return LossesAndMetrics.setters(type).stream().map(Method::getName).collect(Collectors.toSet());
    }

    static Stream<Part> metrics() {
        return Parts.classes(Metric.class).flatMap(LossesAndMetrics::waysToMake);
    }

    @ParameterizedTest
    @MethodSource("metrics")
    void aMetricThatTookOverTheStateOfAnotherIsUsed(Part part) {
        try (TensorScope scope = session.scope()) {
            Metric full = assertInstanceOf(Metric.class, part.make().get());
            LossesAndMetrics.use(session.tf(), full, LossesAndMetrics.fitting(session.tf(), part));
            Metric empty = assertInstanceOf(Metric.class, part.make().get());
            empty.merge(full);
            empty.reset();
            LossesAndMetrics.setters(part.type()).forEach(setter -> assertRefused(empty, setter, "merged and reset"));
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.tapeloop.parts.LossesAndMetrics#parts")
    void everyPartOfTheLibraryIsSafeToTrace(Part part) {
        Object made = part.make().get();
        if (made instanceof Metric metric) {
            assertTrue(metric.isTraceable());
        } else {
            Loss loss = (Loss) made;
            assertTrue(loss.isTraceable() && Metric.of(loss).isTraceable());
        }
    }

    @Test
    void noLossAndMetricShareAName() {
        Set<String> names = new HashSet<>();
        Set<String> twice = new TreeSet<>();
        Stream.concat(Parts.classes(Loss.class), Parts.classes(Metric.class))
                .map(Class::getSimpleName)
                .filter(name -> !names.add(name))
                .forEach(twice::add);
        assertEquals(Set.of(), twice, "users cannot import both");
    }
}
