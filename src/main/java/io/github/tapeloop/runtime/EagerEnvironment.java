package io.github.tapeloop.runtime;

import io.github.tapeloop.bridge.TensorFlowInternals;
import io.github.tapeloop.op.OpCall;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.tensorflow.ConcreteFunction;
import org.tensorflow.EagerSession;
import org.tensorflow.Operand;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.Output;
import org.tensorflow.Tensor;
import org.tensorflow.internal.c_api.TFE_Op;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Scope;
import org.tensorflow.proto.FunctionDefLibrary;
import org.tensorflow.types.family.TType;

/**
 * The environment that runs ops at once, gives their outputs to the innermost scope of the session, and tells the
 * recorders.
 */
final class EagerEnvironment extends SessionEnvironment {

    private static final OwnedHandle[] NO_HANDLES = {};

    /** Stands for an op already deleted: its null address is what TensorFlow Java checks before it would follow it. */
    private static final TFE_Op NO_OP = new TFE_Op((Pointer) null);

    private final TapeSession session;
    private final EagerSession eager;
    private final EagerExecutor executor;
    private final ShapeInference inference = new ShapeInference();

    EagerEnvironment(TapeSession session, EagerSession eager, EagerExecutor executor, String device) {
        super(session, eager, device);
        this.session = session;
        this.eager = eager;
        this.executor = executor;
    }

    @Override
    public OperationBuilder opBuilder(String type, String name, Scope scope) {
        if (!eager.isOpEnabled(type)) {
            throw new IllegalArgumentException("Op " + type + " works in graphs only. In a TapeSession use "
                    + "io.github.tapeloop.state.Variable for state, and plain operands for inputs");
        }
        return new OpCall(this::run, type, name, scope);
    }

    private Operation run(OpCall call) {
        boolean entered = session.begin();
        try {
            Operation operation = call.type().equals("Const") && call.attribute("value") instanceof Tensor value
                    ? constant(call, value)
                    : execute(call);
            tell(call, operation);
            return operation;
        } finally {
            session.end(entered);
        }
    }

    private Operation constant(OpCall call, Tensor value) {
        return adopt(call, new OwnedHandle[] {executor.constant(call, value.asRawTensor())}, null);
    }

    private Operation execute(OpCall call) {
        OwnedHandle[] inputs = handles(call);
        EagerExecutor.OpType type = executor.type(call.type());
        Operation instead = type.fatal() == null ? null : guarded(type.fatal(), call);
        if (instead != null) {
            return underTypeOf(call, instead);
        }
        if (type.hasOutputList()) {
            EagerExecutor.requireFewOutputs(call);
        }
        if (type.inferred()) {
            inference.require(call);
        }
        return execute(type, call, inputs);
    }

    /** An operation over the handles of one that was made in place of a call: TensorFlow Java looks at its type. */
    private Operation underTypeOf(OpCall call, Operation instead) {
        if (instead.type().equals(call.type())) {
            return instead;
        }
        OwnedHandle[] outputs = new OwnedHandle[instead.numOutputs()];
        for (int i = 0; i < outputs.length; i++) {
            outputs[i] = session.handles().of(instead.output(i));
        }
        return TensorFlowInternals.newOperation(eager, NO_OP, outputs, call.type(), call.name());
    }

    @Override
    Operation unguarded(OpCall call) {
        return execute(executor.type(call.type()), call, handles(call));
    }

    private OwnedHandle[] handles(OpCall call) {
        OwnedHandle[] inputs = call.inputs() == 0 ? NO_HANDLES : new OwnedHandle[call.inputs()];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = session.handles().of(call.input(i));
        }
        return inputs;
    }

    private Operation execute(EagerExecutor.OpType type, OpCall call, OwnedHandle[] inputs) {
        for (int i = 0; i < call.attributes(); i++) {
            attachFunctions(call.attributeValue(i));
        }
        if (type.writes() && effects() != null) {
            effects().writes();
        }
        EagerExecutor.Results results = executor.execute(type, call, inputs);
        if (type.handle()) {
            results.handles()[0].holds = HandleTypes.of(call);
        }
        return adopt(call, results.handles(), results.op());
    }

    private void attachFunctions(Object attribute) {
        if (attribute instanceof ConcreteFunction function) {
            eager.attachFunction(function);
        } else if (attribute instanceof ConcreteFunction[] functions) {
            Stream.of(functions).forEach(eager::attachFunction);
        }
    }

    /** A constant that shares a tensor's memory. */
    Output<?> shared(Tensor value, Scope scope) {
        boolean entered = session.begin();
        try {
            OpCall call = new OpCall(this::run, "Const", "Shared", scope);
            Operation operation = adopt(call, new OwnedHandle[] {executor.share(call, value.asRawTensor())}, null);
            tell(call, operation);
            return operation.output(0);
        } finally {
            session.end(entered);
        }
    }

    private Operation adopt(OpCall call, OwnedHandle[] outputs, TFE_Op op) {
        Throwable site = session.isDebug() ? new Throwable("made here") : null;
        TensorScope scope = session.scopes().current();
        for (OwnedHandle output : outputs) {
            output.site = site;
            scope.add(output);
        }
        TFE_Op kept = op != null && outputs.length > 0 ? outputs[0].keep(op) : op;
        return TensorFlowInternals.newOperation(eager, kept == null ? NO_OP : kept, outputs, call.type(), call.name());
    }

    @Override
    void attachLibrary(FunctionDefLibrary library) {
        // It comes from here.
    }

    @Override
    public void fence(List<? extends Operand<?>> before) {
        // It has all happened.
    }

    @Override
    public void fenceFailures(List<? extends Operand<?>> before) {
        // It has all happened.
    }

    @Override
    public Output<? extends TType> resource(
            String sharedName, Class<? extends TType> type, Shape shape, Output<? extends TType> eagerHandle) {
        return eagerHandle;
    }
}
