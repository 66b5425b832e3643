/**
 * Readers of published data sets whose images lie in files: each knows one published layout and
 * split, and names the file that is missing.
 */
package org.invp.data.sets;
