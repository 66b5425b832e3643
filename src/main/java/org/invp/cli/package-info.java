/** The command line: parses, calls the library, prints. */
package org.invp.cli;
