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
        NnRules.addTo(rules);
        ConvolutionRules.addTo(rules);
        PoolingRules.addTo(rules);
        return Map.copyOf(rules);
    }
}
