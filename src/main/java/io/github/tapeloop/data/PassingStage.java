package io.github.tapeloop.data;

/** A stage that treats each example by itself, so it is the same whether it comes before a cut or after. */
interface PassingStage extends Stage {

    /** The same stage on top of another source. */
    PassingStage over(Source other);

    @Override
    default Halves splitAt(long first) {
        Halves below = upstream().splitAt(first);
        return new Halves(over(below.first()), over(below.second()));
    }
}
