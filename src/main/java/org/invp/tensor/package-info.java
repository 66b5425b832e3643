/** Off-heap arrays with a shape, exchanged between the rooms without copies. */
package org.invp.tensor;
