/* The draw of one view's parameters from an augmentation's ranges. */
#ifndef INVP_IMAGE_DRAW_H
#define INVP_IMAGE_DRAW_H

#include "invp/image.h"
#include "random.h"

namespace invp::image {

/* Throws std::invalid_argument naming the range that is wrong. */
void check(const invp_image_augmentation& ranges);
void check(const invp_image_evaluation& view);

/* Throws std::invalid_argument unless the draws fit an image of this size. */
void check(const invp_image_draws& draws, int32_t height, int32_t width);

invp_image_draws draw(const invp_image_augmentation& ranges, int32_t height, int32_t width,
                      const Random& random);

}  // namespace invp::image

#endif
