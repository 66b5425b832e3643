package org.invp.bank.cuda;

import java.util.Locale;
import org.invp.InvpException;
import org.invp.internal.Text;

/** The two ways to the candidates of a search; both give the same result. */
enum SearchWay {
  /** Our own kernel: product and threshold test in one, scores never reach memory. */
  OWN,
  /** cuBLAS over chunks of the bank, then a filter kernel. */
  CUBLAS;

  /** Names the way for every search, for tests and measurements. */
  private static final String PROPERTY = "invp.cuda.search";

  /**
   * From here on the products dominate, at which cuBLAS is better than our kernel; an estimate, to
   * be replaced by measurements ({@code make bench-cuda} times both).
   */
  private static final int WIDE = 1024;

  /** The way for a search. */
  static SearchWay of(int dimension) {
    String asked = System.getProperty(PROPERTY);
    if (asked != null && !asked.isBlank()) {
      try {
        return valueOf(asked.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new InvpException(
            Text.format("-D%s is %s, allowed: own, cublas", PROPERTY, asked), e);
      }
    }
    return dimension >= WIDE ? CUBLAS : OWN;
  }
}
