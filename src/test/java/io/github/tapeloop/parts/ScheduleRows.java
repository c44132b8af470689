package io.github.tapeloop.parts;

import io.github.tapeloop.Oracle;
import io.github.tapeloop.optimizer.Schedule;
import io.github.tapeloop.runtime.TapeSession;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.Operand;
import org.tensorflow.types.TFloat64;

/** Learning rate schedules at many steps. They are float64 always. */
final class ScheduleRows {

    private static final Oracle ORACLE = Oracle.load("schedules.txt");
    private static final String POLYNOMIAL = "end_learning_rate=0.0001, power=1.0, cycle=False";
    private static final String COSINE = "alpha=0.0, warmup_target=None, warmup_steps=0";
    private static final String RESTARTS = "t_mul=2.0, m_mul=1.0, alpha=0.0";

    private ScheduleRows() {}

    static List<PartRow> rows() {
        return List.of(
                row(
                        "exponentialDecay",
                        "",
                        "ExponentialDecay",
                        "staircase=False",
                        "exponential",
                        Schedule.exponentialDecay(0.1, 20, 0.5)),
                row(
                        "staircaseDecay",
                        "",
                        "ExponentialDecay(staircase=True)",
                        "",
                        "staircase",
                        Schedule.staircaseDecay(0.1, 10, 0.5)),
                row("constant", "", "-: a number there", "", "constant", Schedule.constant(0.03)),
                row(
                        "piecewiseConstant",
                        "",
                        "PiecewiseConstantDecay",
                        "",
                        "piecewise",
                        Schedule.piecewiseConstant(new long[] {5, 20, 70}, new double[] {0.1, 0.05, 0.2, 0.01})),
                row(
                        "polynomialDecay",
                        "",
                        "PolynomialDecay",
                        POLYNOMIAL,
                        "polynomial",
                        Schedule.polynomialDecay(0.1, 30)),
                row(
                        "polynomialDecay",
                        "power",
                        "PolynomialDecay",
                        POLYNOMIAL,
                        "polynomial_power",
                        Schedule.polynomialDecay(0.1, 70, 0.02, 0.5, false)),
                row(
                        "polynomialDecay",
                        "cycle",
                        "PolynomialDecay",
                        POLYNOMIAL,
                        "polynomial_cycle",
                        Schedule.polynomialDecay(0.1, 10, 0.01, 2, true)),
                row(
                        "inverseTimeDecay",
                        "",
                        "InverseTimeDecay",
                        "staircase=False",
                        "inverse_time",
                        Schedule.inverseTimeDecay(0.1, 10, 0.5)),
                row(
                        "inverseTimeDecay",
                        "staircase",
                        "InverseTimeDecay",
                        "staircase=False",
                        "inverse_time_staircase",
                        Schedule.inverseTimeDecay(0.1, 10, 0.5, true)),
                row("cosineDecay", "", "CosineDecay", COSINE, "cosine", Schedule.cosineDecay(0.1, 100)),
                row("cosineDecay", "alpha", "CosineDecay", COSINE, "cosine_alpha", Schedule.cosineDecay(0.1, 100, 0.2)),
                row(
                        "cosineDecay",
                        "warm-up",
                        "CosineDecay",
                        COSINE,
                        "cosine_warmup",
                        Schedule.cosineDecay(0.3, 100, 0.1).warmup(0.02, 15)),
                row(
                        "cosineDecayRestarts",
                        "",
                        "CosineDecayRestarts",
                        RESTARTS,
                        "restarts",
                        Schedule.cosineDecayRestarts(0.1, 10)),
                row(
                        "cosineDecayRestarts",
                        "equal periods",
                        "CosineDecayRestarts",
                        RESTARTS,
                        "restarts_equal",
                        Schedule.cosineDecayRestarts(0.1, 10, 1, 0.5, 0.1)),
                row(
                        "cosineDecayRestarts",
                        "threefold periods",
                        "CosineDecayRestarts",
                        RESTARTS,
                        "restarts_threefold",
                        Schedule.cosineDecayRestarts(0.1, 1, 3, 0.9, 0.05)),
                row(
                        "warmup",
                        "",
                        "-: only CosineDecay has one there",
                        "",
                        "warmup",
                        Schedule.staircaseDecay(0.1, 10, 0.5).warmup(0, 10)));
    }

    @SuppressWarnings("unchecked") // The input is float64.
    private static PartRow row(
            String part, String variant, String keras, String defaults, String figure, Schedule schedule) {
        String name = keras.startsWith("-") ? keras : "optimizers.schedules." + keras;
        String oracle = part.equals("constant") ? "NumPy" : "Keras, NumPy";
        return new PartRow(PartRow.Kind.SCHEDULE, "Schedule." + part, variant, name, defaults, oracle, run -> {
            try (TapeSession session = run.open()) {
                double[] steps = ORACLE.values("steps");
                List<Operand<?>> inputs = new ArrayList<>();
                for (double step : steps) {
                    inputs.add(session.tf().constant(step));
                }
                List<double[]> rates = run.run(session, inputs, (tf, in) -> in.stream()
                        .map(step -> schedule.learningRate(tf, (Operand<TFloat64>) step))
                        .toList());
                double[] actual = rates.stream().mapToDouble(rate -> rate[0]).toArray();
                PartRun.assertClose(ORACLE.values(figure), actual, 1e-12, figure);
            }
        });
    }
}
