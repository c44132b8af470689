package io.github.tapeloop.parts;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every part of the library against its oracle, in four ways. */
class PartTableTest {

    static Stream<Arguments> runs() {
        return PartTable.rows().stream()
                .flatMap(row -> Stream.of(
                        Arguments.of(row, new PartRun(false, false)),
                        Arguments.of(row, new PartRun(false, true)),
                        Arguments.of(row, new PartRun(true, false)),
                        Arguments.of(row, new PartRun(true, true))));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("runs")
    void everyPartFollowsItsOracle(PartRow row, PartRun run) {
        row.check().check(run);
    }
}
