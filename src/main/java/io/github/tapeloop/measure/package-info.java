/** What losses and metrics have in common: which places of a batch count, class numbers, and predictions in full precision. */
package io.github.tapeloop.measure;
