/* Gaussian blur, in place on separate planes. */
#ifndef INVP_IMAGE_BLUR_H
#define INVP_IMAGE_BLUR_H

#include <cstdint>
#include <vector>

namespace invp::image {

class Blur {
 public:
  /* `planes`: [channels, height, width]; deviation in pixels, above 0. */
  void run(uint8_t* planes, int32_t channels, int32_t height, int32_t width, float deviation);

 private:
  std::vector<float> kernel_;
  std::vector<float> rows_;   /* [height, width rounded up], after the pass over columns */
  std::vector<float> padded_; /* [width rounded up + 2 radius] */
  std::vector<const float*> taps_;
};

}  // namespace invp::image

#endif
