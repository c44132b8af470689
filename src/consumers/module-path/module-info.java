/** A program on the module path: it requires Tapeloop alone. */
module consumer {
    requires io.github.tapeloop;
}
