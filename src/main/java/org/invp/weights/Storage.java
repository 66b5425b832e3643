package org.invp.weights;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.invp.io.DType;

/**
 * A run of elements that tensors are views of.
 *
 * @param dtype of the elements
 * @param elements how many
 * @param data the memory, elements times bytes per element; read when first asked for
 */
record Storage(DType dtype, long elements, Supplier<MemorySegment> data) {}
