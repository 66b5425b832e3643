/*
 * Status codes shared by the three native libraries of invp.
 *
 * Every exported function returns one of these. Anything but INVP_OK leaves the
 * out-parameters untouched unless its own comment says otherwise, and leaves a
 * one-line message for the calling thread (see invp_<room>_last_error).
 */
#ifndef INVP_STATUS_H
#define INVP_STATUS_H

/* The call did what it says. */
#define INVP_OK 0
/* An argument is outside its documented range; nothing was changed. */
#define INVP_INVALID_ARGUMENT 1
/* Memory could not be allocated; nothing was changed. */
#define INVP_OUT_OF_MEMORY 2
/* The data itself is unusable: NaN, a zero-norm embedding, a corrupt image. */
#define INVP_INVALID_DATA 3
/* The library that does the work (LibTorch, libjpeg, ...) reported a failure. */
#define INVP_BACKEND_FAILURE 4
/* A defect of invp itself. */
#define INVP_INTERNAL_ERROR 5

#endif
