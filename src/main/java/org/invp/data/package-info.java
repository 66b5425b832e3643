/**
 * Images from files to batches: data sets, transforms, and the loader that prepares batches on
 * worker threads ahead of the network.
 */
package org.invp.data;
