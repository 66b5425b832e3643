/*
 * Defects on purpose. A build with -DINVP_MUTANT=n has the n-th of them, and scripts/test-mutants.sh demands that the
 * tests notice every one; in any other build mutant() is a constant false and leaves nothing behind.
 */
#ifndef INVP_CUDA_MUTANTS_CUH
#define INVP_CUDA_MUTANTS_CUH

namespace invp::cuda {

enum Mutant {
  kNone = 0,
  kWaitsForNoCopy = 1,        /* similarity: the stage is multiplied before its copies have landed */
  kNoBarrierAfterCopy = 2,    /* similarity: other threads' copies may not have landed */
  kNoBarrierBeforeCopy = 3,   /* similarity: a stage is overwritten while a slower warp reads it */
  kOneRowTooMany = 4,         /* similarity: off by one at the tile's last row */
  kStrictThreshold = 5,       /* similarity: a score equal to the threshold is lost */
  kShrunkenMask = 6,          /* similarity: the top lanes are left out of the ticket's peers */
  kNoCapacityCheck = 7,       /* similarity: a full list is written beyond its end */
  kNoCertification = 8,       /* select: a lost row that might rank is not noticed */
  kNoBand = 9,                /* select: the M best approximate scores are taken for the M best */
  kNoBarrierInSelection = 10, /* select: the kept list is read while it is written */
  kOverflowUnnoticed = 11,    /* select: a list that overflowed is taken for whole */
  kFilterOneTooFew = 12,      /* filter: the chunk's last row is not looked at */
  kBoundForgetsSubnormals = 13, /* prepare_queries: the bound holds for normal halves only */
  kBoundOfOneOperand = 14,    /* prepare_queries: the bound counts the rounding of one operand */
  kWalkForgetsAnchor = 15,    /* walk: the anchor is among its own positives */
  kWalkRace = 16,             /* walk: no barrier between two hops */
  kFirstWriterWins = 17,      /* update: of a repeated anchor the first counts */
  kSumInOtherOrder = 18,      /* objective: one partial sum instead of sixteen */
  kRepairIgnoresNaN = 19,     /* repair: a NaN ranks like a number */
  kShadowKeepsPadding = 20,   /* shadow: the columns beyond the dimension are not cleared */
  kSortUnstable = 21,         /* sort: no barrier of the warp between two rounds */
  kCount
};

#ifndef INVP_MUTANT
#define INVP_MUTANT 0
#endif

constexpr bool mutant(Mutant which) { return INVP_MUTANT != 0 && which == INVP_MUTANT; }

}  // namespace invp::cuda

#endif
