package io.github.tapeloop.preflight;

import io.github.tapeloop.op.RecordedOp;
import io.github.tapeloop.runtime.TapeSession;
import io.github.tapeloop.runtime.Tensors;
import io.github.tapeloop.state.Gradients;
import io.github.tapeloop.state.Variable;
import io.github.tapeloop.tape.GradientRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.tensorflow.Operand;
import org.tensorflow.Operation;

/**
 * The ways between variables and a target, through ops that ran. A value goes through every op; a gradient only through
 * floating point outputs of ops that are not constant by nature.
 */
final class GradientPaths {

    /** Ops that look at no element of their input, so that no value goes through. */
    private static final Set<String> BLIND =
            Set.of("Shape", "ShapeN", "Size", "Rank", "VariableShape", "ZerosLike", "OnesLike");

    private final TapeSession session;
    private final GradientRegistry registry;
    private final List<Heard> ops;
    private final List<Variable<?>> variables;
    private final Set<Operation> fromVariables;
    /** The ops that a value goes through on its way to the target, the target's own included. */
    private final Set<Operation> behindTarget;
    /** The ops that a gradient comes by on its way back from the target, handles of variables included. */
    private final Set<Operation> reached = identitySet();

    GradientPaths(TapeSession session, List<Heard> ops, Operand<?> target, List<Variable<?>> variables) {
        this.session = session;
        this.registry = GradientRegistry.of(session);
        this.ops = ops;
        this.variables = variables;
        this.fromVariables = from(variables.stream().map(this::handle).toList(), true);
        this.behindTarget = behind(target.asOutput().op());
        reached.add(target.asOutput().op());
        for (int i = ops.size() - 1; i >= 0; i--) {
            Heard op = ops.get(i);
            if (isBetween(op)) {
                for (int k = 0; k < op.inputs(); k++) {
                    if (op.carries(k) && fromVariables.contains(op.source(k))) {
                        reached.add(op.source(k));
                    }
                }
            }
        }
    }

    /**
     * An op that ran. What its operands are was noted then, since they may be freed.
     *
     * @param carried for each input, whether a gradient can go to it
     * @param passes whether a gradient can come to an output
     */
    record Heard(RecordedOp op, boolean[] carried, boolean passes) {

        static Heard of(RecordedOp op, GradientRegistry registry) {
            boolean[] carried = new boolean[op.inputs()];
            for (int k = 0; k < carried.length; k++) {
                carried[k] = Tensors.carriesGradient(op.input(k));
            }
            boolean passes = false;
            for (int k = 0; k < op.outputs() && !passes && !registry.isConstant(op.type()); k++) {
                passes = Tensors.carriesGradient(op.output(k));
            }
            return new Heard(op, carried, passes);
        }

        Operation operation() {
            return op.operation();
        }

        int inputs() {
            return carried.length;
        }

        boolean carries(int input) {
            return carried[input];
        }

        Operation source(int input) {
            return op.input(input).op();
        }

        boolean isBlind() {
            return BLIND.contains(op.type());
        }
    }

    private boolean isBetween(Heard op) {
        return reached.contains(op.operation()) && fromVariables.contains(op.operation());
    }

    /** The ops that have no rule, though a gradient would come by. */
    List<RecordedOp> missing() {
        return ops.stream()
                .filter(this::isBetween)
                .map(Heard::op)
                .filter(op -> !registry.hasRule(op))
                .toList();
    }

    /** The variables that no gradient reaches, and why. */
    List<GradientInspection.Cut> cuts(Optional<Gradients> gradients) {
        List<GradientInspection.Cut> cuts = new ArrayList<>();
        for (Variable<?> variable : variables) {
            boolean without =
                    gradients.isPresent() && gradients.get().unconnected().contains(variable);
            if (without || !reached.contains(handle(variable))) {
                cuts.add(cut(variable));
            }
        }
        return cuts;
    }

    private GradientInspection.Cut cut(Variable<?> variable) {
        Set<Operation> ofValue = from(List.of(handle(variable)), false);
        Set<Operation> ofGradient = from(List.of(handle(variable)), true);
        boolean used = ofValue.stream().anyMatch(behindTarget::contains);
        List<RecordedOp> cutting = ops.stream()
                .filter(op -> behindTarget.contains(op.operation()) && ofValue.contains(op.operation()))
                .filter(op -> !ofGradient.contains(op.operation()) && takesFrom(op, ofGradient))
                .map(Heard::op)
                .toList();
        return new GradientInspection.Cut(variable, used, cutting);
    }

    private static boolean takesFrom(Heard op, Set<Operation> producers) {
        for (int k = 0; k < op.inputs(); k++) {
            if (op.carries(k) && producers.contains(op.source(k))) {
                return true;
            }
        }
        return false;
    }

    /** What the values, or the gradients, of some ops lead to, those ops included. */
    private Set<Operation> from(List<Operation> starts, boolean gradients) {
        Set<Operation> led = identitySet();
        led.addAll(starts);
        for (Heard op : ops) {
            boolean passes = gradients ? op.passes() : !op.isBlind();
            for (int k = 0; passes && k < op.inputs(); k++) {
                if ((!gradients || op.carries(k)) && led.contains(op.source(k))) {
                    led.add(op.operation());
                }
            }
        }
        return led;
    }

    private Set<Operation> behind(Operation target) {
        Set<Operation> behind = identitySet();
        behind.add(target);
        for (int i = ops.size() - 1; i >= 0; i--) {
            Heard op = ops.get(i);
            for (int k = 0; k < op.inputs() && !op.isBlind() && behind.contains(op.operation()); k++) {
                behind.add(op.source(k));
            }
        }
        return behind;
    }

    private Operation handle(Variable<?> variable) {
        return variable.handle(session.tf()).op();
    }

    private static Set<Operation> identitySet() {
        return Collections.newSetFromMap(new IdentityHashMap<>());
    }
}
