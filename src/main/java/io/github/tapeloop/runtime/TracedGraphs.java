package io.github.tapeloop.runtime;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.tensorflow.Graph;
import org.tensorflow.proto.GraphDef;

/**
 * The graphs of a session's traced functions, for people to look at. A graph is gone once its function is made, so it is
 * copied only after somebody has asked; functions traced before are not found here.
 */
final class TracedGraphs {

    private final Map<String, GraphDef> byName = new TreeMap<>();
    private boolean wanted;

    private TracedGraphs() {}

    /**
     * The graphs of a session.
     *
     * @param session an open session
     * @return always the same object
     */
    static TracedGraphs of(TapeSession session) {
        return session.attachment(TracedGraphs.class, TracedGraphs::new);
    }

    /**
     * The graphs traced since this was first asked, by the names their functions were traced with. If there are several of
     * one name, for batches of different shapes, it is the first.
     *
     * @return a view, which grows with each function traced from now on
     */
    Map<String, GraphDef> byName() {
        wanted = true;
        return Collections.unmodifiableMap(byName);
    }

    void traced(String name, Graph graph) {
        if (wanted && !byName.containsKey(name)) {
            byName.put(name, graph.toGraphDef());
        }
    }
}
