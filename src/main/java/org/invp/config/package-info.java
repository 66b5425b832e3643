/**
 * The settings of a training run: one immutable record tree, read from YAML, overridden by {@code
 * --set key=value}, written back resolved. Whatever is wrong in a file ends in one line that names
 * the key, its value and what is allowed.
 */
package org.invp.config;
