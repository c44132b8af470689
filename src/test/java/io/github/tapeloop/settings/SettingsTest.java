package io.github.tapeloop.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {

    @Test
    void settingsCanChangeUntilThePartIsUsed() {
        Settings settings = new Settings();
        settings.change(this, "momentum");
        settings.use();
        IllegalStateException late = assertThrows(IllegalStateException.class, () -> settings.change(this, "momentum"));
        assertEquals(
                "SettingsTest was used already, so its momentum cannot change any more: set it before the first step, or"
                        + " make a new SettingsTest",
                late.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"0, 0.5, 1", "0.1, 0.999999, 1", "0, 0.9, -1e-9"})
    void aFractionIsAtLeastZeroAndBelowOne(double first, double second, double refused) {
        assertEquals(first, Require.fraction("rho", first));
        assertEquals(second, Require.fraction("rho", second));
        IllegalArgumentException no =
                assertThrows(IllegalArgumentException.class, () -> Require.fraction("rho", refused));
        assertEquals("Expected rho in [0, 1), got " + refused, no.getMessage());
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void noCheckLetsANumberPassThatIsNotFinite(double value) {
        DoubleUnaryOperator[] checks = {
            x -> Require.fraction("x", x), x -> Require.properFraction("x", x), x -> Require.probability("x", x),
            x -> Require.positive("x", x), x -> Require.notNegative("x", x), x -> Require.negative("x", x),
            x -> Require.notPositive("x", x), x -> Require.finite("x", x), x -> Require.positiveFraction("x", x),
            x -> Require.atLeast(0.0, "x", x)
        };
        for (DoubleUnaryOperator check : checks) {
            assertThrows(IllegalArgumentException.class, () -> check.applyAsDouble(value));
        }
    }

    @Test
    void aShareThatMustNotBeZeroMayBeAll() {
        assertEquals(1, Require.positiveFraction("share", 1));
        for (double refused : new double[] {0, -0.5, 1.5}) {
            assertEquals(
                    "Expected share in (0, 1], got " + refused,
                    assertThrows(IllegalArgumentException.class, () -> Require.positiveFraction("share", refused))
                            .getMessage());
        }
    }

    @Test
    void oneOfSeveralNamesTheFirstAndTheLast() {
        assertEquals(0, Require.within(0, 2, "class", 0));
        assertEquals(2, Require.within(0, 2, "class", 2));
        for (int refused : new int[] {-1, 3}) {
            assertEquals(
                    "Expected class in [0, 2], got " + refused,
                    assertThrows(IllegalArgumentException.class, () -> Require.within(0, 2, "class", refused))
                            .getMessage());
        }
    }

    @Test
    void countsNameTheirLeastValue() {
        assertEquals(1, Require.atLeast(1, "units", 1));
        assertEquals(
                "Expected units of at least 1, got 0",
                assertThrows(IllegalArgumentException.class, () -> Require.atLeast(1, "units", 0))
                        .getMessage());
    }
}
