package io.github.tapeloop.bridge;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.internal.c_api.TF_Buffer;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_ImportGraphDefOptions;
import org.tensorflow.internal.c_api.TF_Operation;
import org.tensorflow.internal.c_api.TF_Output;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.internal.c_api.global.tensorflow;
import org.tensorflow.proto.GraphDef;

/**
 * A graph that {@link NativeSession}s run. TensorFlow Java has such a pair, too, but there each call takes locks that all threads share,
 * JavaCPP's account of allocations above all. Immutable, so any thread may use it.
 */
public final class NativeGraph implements AutoCloseable {

    final TF_Graph handle;
    private final List<Ports> ports = new ArrayList<>();

    /** @param definition of a graph and the functions it runs */
    public NativeGraph(GraphDef definition) {
        NativeMemory.prepare();
        try (PointerScope freed = new PointerScope()) {
            TF_Graph made = TF_Graph.newGraph();
            TF_Status status = TF_Status.newStatus();
            tensorflow.TF_GraphImportGraphDef(
                    made,
                    TF_Buffer.newBufferFromString(definition),
                    TF_ImportGraphDefOptions.newImportGraphDefOptions(),
                    status);
            status.throwExceptionIfNotOK();
            made.retainReference();
            handle = made;
        }
    }

    /** Where values go into a graph and come out of it, in one kind of call; freed with the graph. */
    public static final class Ports {
        final TF_Output feeds;
        final int feedCount;
        final TF_Output fetches;
        final int fetchCount;
        final TF_Operation target;

        private Ports(TF_Output feeds, int feedCount, TF_Output fetches, int fetchCount, TF_Operation target) {
            this.feeds = feeds;
            this.feedCount = feedCount;
            this.fetches = fetches;
            this.fetchCount = fetchCount;
            this.target = target;
        }
    }

    /**
     * Describes a kind of call.
     *
     * @param feeds ops whose first output is given
     * @param fetches ops whose first output is asked for
     * @param target an op to run besides, or null
     */
    public Ports ports(List<String> feeds, List<String> fetches, String target) {
        Ports made = new Ports(
                outputs(feeds),
                feeds.size(),
                outputs(fetches),
                fetches.size(),
                target == null ? null : tensorflow.TF_GraphOperationByName(handle, target));
        ports.add(made);
        return made;
    }

    private TF_Output outputs(List<String> operations) {
        TF_Output all = new TF_Output(Math.max(1, operations.size()));
        all.retainReference(); // Whatever scope the caller has open must not free it.
        for (int i = 0; i < operations.size(); i++) {
            all.position(i)
                    .oper(tensorflow.TF_GraphOperationByName(handle, operations.get(i)))
                    .index(0);
        }
        return all.position(0);
    }

    /** Frees the graph, when no session runs it any more. */
    @Override
    public void close() {
        ports.forEach(each -> {
            each.feeds.releaseReference();
            each.fetches.releaseReference();
        });
        ports.clear();
        handle.releaseReference();
    }
}
