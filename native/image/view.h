/* The two ways an image becomes a batch slot: a drawn training view, an evaluation view. */
#ifndef INVP_IMAGE_VIEW_H
#define INVP_IMAGE_VIEW_H

#include "workspace.h"

namespace invp::image {

/* Crop, resize, jitter, gray, blur, flip, normalise: the published order. */
void training_view(invp_image_workspace& workspace, const Picture& image,
                   const invp_image_augmentation& augmentation, const invp_image_draws& draws,
                   float* output);

/* Resize the shorter side, centre crop, normalise. Throws InvalidData on too small an image. */
void evaluation_view(invp_image_workspace& workspace, const Picture& image,
                     const invp_image_evaluation& evaluation, float* output);

}  // namespace invp::image

#endif
