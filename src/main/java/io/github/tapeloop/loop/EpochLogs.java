package io.github.tapeloop.loop;

import io.github.tapeloop.account.ValueState;
import io.github.tapeloop.callback.Event;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The history of a run so far: the results of the epochs that have ended. */
final class EpochLogs implements ValueState {

    private final List<Event.EpochEnd> epochs = new ArrayList<>();

    /** An epoch has ended. */
    void add(Event.EpochEnd end) {
        epochs.add(end);
    }

    /** All that have ended, in order. */
    List<Event.EpochEnd> all() {
        return Collections.unmodifiableList(epochs);
    }

    /** The logs of the last epoch that ended; empty if none has. */
    Map<String, Double> last() {
        return epochs.isEmpty() ? Map.of() : epochs.get(epochs.size() - 1).logs();
    }

    @Override
    public void saveState(Writer out) {
        out.put("epochs", (long) epochs.size());
        for (int i = 0; i < epochs.size(); i++) {
            Event.EpochEnd end = epochs.get(i);
            out.put(i + "/names", List.copyOf(end.logs().keySet()));
            out.put(
                    i + "/logs",
                    end.logs().values().stream()
                            .mapToDouble(Double::doubleValue)
                            .toArray());
            out.put(i + "/counts", new double[] {end.epoch(), end.steps(), end.examples()});
            out.put(i + "/seconds", new double[] {end.epochSeconds(), end.trainSeconds()});
        }
    }

    @Override
    public void loadState(Reader in) {
        epochs.clear();
        for (int i = 0; i < in.getLong("epochs"); i++) {
            Map<String, Double> logs = new TreeMap<>();
            List<String> names = in.getStrings(i + "/names");
            double[] values = in.getDoubles(i + "/logs");
            for (int k = 0; k < values.length; k++) {
                logs.put(names.get(k), values[k]);
            }
            double[] counts = in.getDoubles(i + "/counts");
            double[] seconds = in.getDoubles(i + "/seconds");
            epochs.add(Event.EpochEnd.of(
                    (int) counts[0], logs, (long) counts[1], (long) counts[2], seconds[0], seconds[1]));
        }
    }
}
