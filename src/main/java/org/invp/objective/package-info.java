/** The loss of Invariance Propagation, composed of the bank's stages. */
package org.invp.objective;
