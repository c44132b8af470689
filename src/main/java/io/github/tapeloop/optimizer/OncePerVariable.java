package io.github.tapeloop.optimizer;

import io.github.tapeloop.state.Variable;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * A memory of what a user's function says of a variable. A step that was traced keeps the answer of its trace;
 * asking anew in steps that run op by op, or are traced again for another batch, could give another one, and so
 * other numbers.
 */
final class OncePerVariable<R> {

    private final Function<? super Variable<?>, ? extends R> question;
    private final Map<Variable<?>, R> answers = new HashMap<>();

    OncePerVariable(Function<? super Variable<?>, ? extends R> question) {
        this.question = Objects.requireNonNull(question, "question");
    }

    R of(Variable<?> variable) {
        R answer = answers.get(variable);
        if (answer == null) {
            answer = question.apply(variable);
            answers.put(variable, answer);
        }
        return answer;
    }
}
