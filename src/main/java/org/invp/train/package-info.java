/** Training: the loop, its schedules, its metrics, and checkpoints that lose nothing. */
package org.invp.train;
