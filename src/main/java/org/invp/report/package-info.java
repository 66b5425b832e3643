/** What a run looks like: one self-contained HTML page with curves, pictures and tables. */
package org.invp.report;
