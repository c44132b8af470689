package io.github.tapeloop.data;

/** A stage that makes one example of each, in their order. */
interface PassingStage extends Stage {

    @Override
    default Source rows() {
        return upstream().rows();
    }
}
