/* The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a counter in, 64 mixed bits out.
 */
#ifndef INVP_BANK_MIX_H
#define INVP_BANK_MIX_H

#include <cstdint>

#include "hd.h"

namespace invp::bank {

INVP_HD inline uint64_t mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

}  // namespace invp::bank

#endif
