/**
 * For unit tests of models: assertions on loss curves, a check of gradients, a callback that records events, data that
 * fails on purpose. Works with any test framework: what fails is an {@link java.lang.AssertionError}.
 */
package io.github.tapeloop.testing;
