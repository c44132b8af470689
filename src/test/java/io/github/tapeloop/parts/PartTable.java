package io.github.tapeloop.parts;

import java.util.List;
import java.util.stream.Stream;

/** Every part of the library, one row or more each. */
final class PartTable {

    private PartTable() {}

    static List<PartRow> rows() {
        return Stream.of(
                        SpatialRows.rows(),
                        SequenceRows.rows(),
                        AttentionRows.rows(),
                        BlockRows.rows(),
                        LayerRows.rows(),
                        NormalizationRows.rows(),
                        ActivationRows.rows(),
                        AxisRows.rows(),
                        NoiseRows.rows(),
                        InitializerRows.rows(),
                        ConstraintRows.rows(),
                        LossRows.rows(),
                        MetricRows.rows(),
                        AccuracyRows.rows(),
                        CurveRows.rows(),
                        OptimizerRows.rows(),
                        TransformRows.rows(),
                        ScheduleRows.rows())
                .flatMap(List::stream)
                .toList();
    }
}
