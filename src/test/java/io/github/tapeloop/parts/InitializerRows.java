package io.github.tapeloop.parts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tapeloop.layer.Initializer;
import io.github.tapeloop.layer.VarianceScaling;
import io.github.tapeloop.layer.VarianceScaling.Distribution;
import io.github.tapeloop.layer.VarianceScaling.Mode;
import io.github.tapeloop.runtime.TapeSession;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.TInt64;

/** Initializers: moments and limits of large draws, and what is exact. */
final class InitializerRows {

    /** Fans of 200 in and 300 out. */
    private static final Shape MATRIX = Shape.of(200, 300);
    /** A receptive field of 6: fans of 600 in and 300 out. */
    private static final Shape KERNEL = Shape.of(3, 2, 100, 50);

    private static final double INFINITE = Double.POSITIVE_INFINITY;
    /** The standard deviation of a standard normal distribution cut off at 2. */
    private static final double CUT = 0.87962566103423978;

    private InitializerRows() {}

    static List<PartRow> rows() {
        return Stream.of(plain(), scaled(), exact()).flatMap(List::stream).toList();
    }

    private static List<PartRow> plain() {
        return List.of(
                draw(
                        "randomNormal",
                        "",
                        "RandomNormal",
                        "mean=0, stddev=0.05",
                        Initializer.randomNormal(),
                        MATRIX,
                        new Moments(0, 0.05, INFINITE)),
                draw(
                        "randomNormal",
                        "mean 1, stddev 2",
                        "RandomNormal",
                        "",
                        Initializer.randomNormal(1, 2),
                        MATRIX,
                        new Moments(1, 2, INFINITE)),
                draw(
                        "truncatedNormal",
                        "",
                        "TruncatedNormal",
                        "mean=0, stddev=0.05",
                        Initializer.truncatedNormal(),
                        MATRIX,
                        new Moments(0, 0.05 * CUT, 0.1)),
                draw(
                        "truncatedNormal",
                        "mean 1, stddev 2",
                        "TruncatedNormal",
                        "",
                        Initializer.truncatedNormal(1, 2),
                        MATRIX,
                        new Moments(1, 2 * CUT, 4)),
                draw(
                        "randomUniform",
                        "",
                        "RandomUniform",
                        "minval=-0.05, maxval=0.05",
                        Initializer.randomUniform(),
                        MATRIX,
                        uniform(0.05)),
                draw(
                        "randomUniform",
                        "minval 1, maxval 3",
                        "RandomUniform",
                        "",
                        Initializer.randomUniform(1, 3),
                        MATRIX,
                        new Moments(2, 1 / Math.sqrt(3), 1)));
    }

    private static List<PartRow> scaled() {
        return List.of(
                draw(
                        "glorotUniform",
                        "",
                        "GlorotUniform",
                        "",
                        Initializer.glorotUniform(),
                        MATRIX,
                        uniform(Math.sqrt(6.0 / 500))),
                draw(
                        "glorotUniform",
                        "kernel",
                        "GlorotUniform",
                        "",
                        Initializer.glorotUniform(),
                        KERNEL,
                        uniform(Math.sqrt(6.0 / 900))),
                draw("glorotNormal", "", "GlorotNormal", "", Initializer.glorotNormal(), MATRIX, cut(2.0 / 500)),
                draw("heUniform", "", "HeUniform", "", Initializer.heUniform(), MATRIX, uniform(Math.sqrt(6.0 / 200))),
                draw("heNormal", "", "HeNormal", "", Initializer.heNormal(), KERNEL, cut(2.0 / 600)),
                draw(
                        "lecunUniform",
                        "",
                        "LecunUniform",
                        "",
                        Initializer.lecunUniform(),
                        MATRIX,
                        uniform(Math.sqrt(3.0 / 200))),
                draw("lecunNormal", "", "LecunNormal", "", Initializer.lecunNormal(), KERNEL, cut(1.0 / 600)),
                scaling(
                        "",
                        "scale=1.0, mode=fan_in, distribution=truncated_normal",
                        new VarianceScaling(),
                        cut(1.0 / 200)),
                scaling(
                        "scale 3, FAN_OUT, TRUNCATED_NORMAL",
                        "",
                        new VarianceScaling(3, Mode.FAN_OUT, Distribution.TRUNCATED_NORMAL),
                        cut(3.0 / 300)),
                scaling(
                        "scale 3, FAN_OUT, UNTRUNCATED_NORMAL",
                        "",
                        new VarianceScaling(3, Mode.FAN_OUT, Distribution.UNTRUNCATED_NORMAL),
                        new Moments(0, Math.sqrt(3.0 / 300), INFINITE)),
                scaling(
                        "scale 3, FAN_IN, UNIFORM",
                        "",
                        new VarianceScaling(3, Mode.FAN_IN, Distribution.UNIFORM),
                        uniform(Math.sqrt(9.0 / 200))));
    }

    /** @param limit how far a value is from the mean at most; the largest ones come close to it */
    private record Moments(double mean, double stddev, double limit) {}

    private static Moments uniform(double limit) {
        return new Moments(0, limit / Math.sqrt(3), limit);
    }

    private static Moments cut(double variance) {
        return new Moments(0, Math.sqrt(variance), 2 * Math.sqrt(variance) / CUT);
    }

    private static PartRow scaling(String variant, String defaults, Initializer initializer, Moments moments) {
        return new PartRow(
                PartRow.Kind.INITIALIZER,
                "VarianceScaling",
                variant,
                "initializers.VarianceScaling",
                defaults,
                "moments of its distribution",
                run -> checkMoments(run, initializer, MATRIX, moments));
    }

    private static PartRow draw(
            String factory,
            String variant,
            String keras,
            String defaults,
            Initializer initializer,
            Shape shape,
            Moments moments) {
        return new PartRow(
                PartRow.Kind.INITIALIZER,
                "Initializer." + factory,
                variant,
                "initializers." + keras,
                defaults,
                "moments of its distribution",
                run -> checkMoments(run, initializer, shape, moments));
    }

    /** Six standard errors: a correct initializer does not miss them, and the seed is fixed. */
    private static void checkMoments(PartRun run, Initializer initializer, Shape shape, Moments moments) {
        double[] values = values(run, initializer, shape);
        int count = values.length;
        double mean = Arrays.stream(values).average().orElseThrow();
        double variance = Arrays.stream(values)
                .map(v -> (v - mean) * (v - mean))
                .average()
                .orElseThrow();
        double far = Arrays.stream(values)
                .map(v -> Math.abs(v - moments.mean()))
                .max()
                .orElseThrow();
        assertEquals(moments.mean(), mean, 6 * moments.stddev() / Math.sqrt(count), "mean");
        double expected = moments.stddev() * moments.stddev();
        assertEquals(expected, variance, 6 * expected * Math.sqrt(2.0 / count), "variance");
        if (Double.isInfinite(moments.limit())) {
            assertTrue(far > 3 * moments.stddev(), "a normal distribution goes beyond 3 deviations, got " + far);
        } else {
            assertTrue(far <= moments.limit() * (1 + 1e-6), far + " is beyond " + moments.limit());
            assertTrue(far > 0.97 * moments.limit(), far + " is not near " + moments.limit());
        }
    }

    @SuppressWarnings("unchecked") // float64 flows through TFloat32 signatures.
    private static double[] values(PartRun run, Initializer initializer, Shape shape) {
        Class<TFloat32> type = run.float64() ? (Class<TFloat32>) (Class<?>) TFloat64.class : TFloat32.class;
        try (TapeSession session = run.open()) {
            Operand<TInt64> seed = session.tf().constant(new long[] {11, 0});
            double[] values = run.run(
                            session,
                            List.of(seed),
                            (tf, in) -> List.of(initializer.initialize(tf, shape, type, (Operand<TInt64>) in.get(0))))
                    .get(0);
            assertEquals(shape.size(), values.length);
            return values;
        }
    }

    private static List<PartRow> exact() {
        return List.of(
                same("zeros", "", "Zeros", "", Initializer.zeros(), Shape.of(2, 2), 0, 0, 0, 0),
                same("ones", "", "Ones", "", Initializer.ones(), Shape.of(2, 2), 1, 1, 1, 1),
                same(
                        "constant",
                        "value 2.5",
                        "Constant",
                        "value=0",
                        Initializer.constant(2.5),
                        Shape.of(3),
                        2.5,
                        2.5,
                        2.5),
                same("identity", "", "Identity", "gain=1", Initializer.identity(), Shape.of(2, 3), 1, 0, 0, 0, 1, 0),
                same("identity", "gain 2", "Identity", "", Initializer.identity(2), Shape.of(3, 2), 2, 0, 0, 2, 0, 0),
                orthogonal("", "gain=1", Initializer.orthogonal(), Shape.of(6, 4), 1),
                orthogonal("wide, gain 2", "", Initializer.orthogonal(2), Shape.of(4, 6), 2),
                orthogonal("kernel", "", Initializer.orthogonal(), Shape.of(3, 2, 5), 1));
    }

    private static PartRow same(
            String factory,
            String variant,
            String keras,
            String defaults,
            Initializer initializer,
            Shape shape,
            double... expected) {
        return new PartRow(
                PartRow.Kind.INITIALIZER,
                "Initializer." + factory,
                variant,
                "initializers." + keras,
                defaults,
                "closed form",
                run -> PartRun.assertClose(expected, values(run, initializer, shape), 0, factory));
    }

    private static PartRow orthogonal(
            String variant, String defaults, Initializer initializer, Shape shape, double gain) {
        return new PartRow(
                PartRow.Kind.INITIALIZER,
                "Initializer.orthogonal",
                variant,
                "initializers.Orthogonal",
                defaults,
                "QᵀQ = gain² I",
                run -> checkOrthogonal(values(run, initializer, shape), (int) shape.get(-1), gain, run.float64()));
    }

    private static void checkOrthogonal(double[] q, int columns, double gain, boolean float64) {
        int rows = q.length / columns;
        int vectors = Math.min(rows, columns);
        for (int i = 0; i < vectors; i++) {
            for (int j = 0; j < vectors; j++) {
                double product = 0;
                for (int k = 0; k < Math.max(rows, columns); k++) {
                    product += columns <= rows
                            ? q[k * columns + i] * q[k * columns + j]
                            : q[i * columns + k] * q[j * columns + k];
                }
                assertEquals(i == j ? gain * gain : 0, product, float64 ? 1e-12 : 1e-5, i + " · " + j);
            }
        }
    }
}
