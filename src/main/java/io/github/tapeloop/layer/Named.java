package io.github.tapeloop.layer;

import org.tensorflow.Operand;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt64;

/** Formulas with the names that they have in messages. */
final class Named {

    private Named() {}

    static Initializer initializer(String text, Initializer formula) {
        return new OfInitializer(text, formula);
    }

    static Regularizer regularizer(String text, Regularizer formula) {
        return new OfRegularizer(text, formula);
    }

    static Constraint constraint(String text, Constraint formula) {
        return new OfConstraint(text, formula);
    }

    static ActivationFunction activation(String text, ActivationFunction formula) {
        return new OfActivation(text, formula);
    }

    private record OfActivation(String text, ActivationFunction formula) implements ActivationFunction {

        @Override
        public Operand<TFloat32> call(Ops tf, Operand<TFloat32> x) {
            return formula.call(tf, x);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private record OfInitializer(String text, Initializer formula) implements Initializer {

        @Override
        public Operand<TFloat32> initialize(Ops tf, Shape shape, Class<TFloat32> type, Operand<TInt64> seed) {
            return formula.initialize(tf, shape, type, seed);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private record OfRegularizer(String text, Regularizer formula) implements Regularizer {

        @Override
        public Operand<TFloat32> penalty(Ops tf, Operand<TFloat32> x) {
            return formula.penalty(tf, x);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private record OfConstraint(String text, Constraint formula) implements Constraint {

        @Override
        public Operand<TFloat32> apply(Ops tf, Operand<TFloat32> weight) {
            return formula.apply(tf, weight);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
