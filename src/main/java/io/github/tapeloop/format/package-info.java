/**
 * File formats that know of nothing here: {@link io.github.tapeloop.format.SafeTensors}, {@link io.github.tapeloop.format.Json}, and reading and
 * writing of files with what a file of unknown origin needs. Whatever a file says is checked before memory is taken for it.
 */
package io.github.tapeloop.format;
