/** Finds and loads the native libraries, and turns their status codes into exceptions. */
package org.invp.internal;
