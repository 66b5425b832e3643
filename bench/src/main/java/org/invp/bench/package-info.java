/** JMH benchmarks of the library, and controls of what it learns. */
package org.invp.bench;
