/**
 * invp trains image representations by Invariance Propagation (Wang, Liu, Guo, Sun, NeurIPS 2020).
 * This package holds the exceptions that every room of the library throws.
 */
package org.invp;
