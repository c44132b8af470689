package io.github.tapeloop.tape;

import java.util.HashMap;
import java.util.Map;

/** Tapeloop's own rules, one class an op family. */
final class StandardRules {

    private StandardRules() {}

    static Map<String, GradientRule> all() {
        Map<String, GradientRule> rules = new HashMap<>();
        MathRules.addTo(rules);
        ArithmeticRules.addTo(rules);
        ActivationSlopeRules.addTo(rules);
        SpecialFunctionRules.addTo(rules);
        BesselRules.addTo(rules);
        ComplexRules.addTo(rules);
        ReductionRules.addTo(rules);
        ScanRules.addTo(rules);
        SegmentRules.addTo(rules);
        OrderRules.addTo(rules);
        ArrayRules.addTo(rules);
        PartRules.addTo(rules);
        IndexRules.addTo(rules);
        UpdateRules.addTo(rules);
        LinalgRules.addTo(rules);
        SolveRules.addTo(rules);
        DecompositionRules.addTo(rules);
        DiagonalRules.addTo(rules);
        TridiagonalRules.addTo(rules);
        SpectralRules.addTo(rules);
        NnRules.addTo(rules);
        ConvolutionRules.addTo(rules);
        PoolingRules.addTo(rules);
        NormalizationRules.addTo(rules);
        RandomRules.addTo(rules);
        SparseRules.addTo(rules);
        SparseValueRules.addTo(rules);
        SequenceRules.addTo(rules);
        QuantizationRules.addTo(rules);
        ImageRules.addTo(rules);
        FunctionRules.addTo(rules);
        return Map.copyOf(rules);
    }
}
