/** What a representation is worth: evaluations of a network or of a memory bank. */
package org.invp.eval;
