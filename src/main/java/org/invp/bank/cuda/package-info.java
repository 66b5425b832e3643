/**
 * The bank's engine on a CUDA device: the objects that own what the device gives, and the search.
 * For {@code org.invp.bank} only.
 */
package org.invp.bank.cuda;
