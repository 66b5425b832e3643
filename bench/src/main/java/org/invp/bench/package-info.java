/** JMH benchmarks of the library. */
package org.invp.bench;
