/**
 * Files: safetensors in and out, NumPy arrays out, and the replacement of a file as a whole. Every
 * reader checks what it reads before it allocates or trusts it.
 */
package org.invp.io;
