/* torchvision's ToTensor and Normalize in one pass, with their divisions and rounding. */
#include "normalise.h"

#include "clones.h"

namespace invp::image {
namespace {

INVP_CLONES
void straight(const uint8_t* in, int64_t count, float mean, float deviation, float* out) {
  for (int64_t x = 0; x < count; x++) {
    out[x] = (static_cast<float>(in[x]) / 255.0f - mean) / deviation;
  }
}

INVP_CLONES
void mirrored(const uint8_t* in, int64_t count, float mean, float deviation, float* out) {
  for (int64_t x = 0; x < count; x++) {
    out[x] = (static_cast<float>(in[count - 1 - x]) / 255.0f - mean) / deviation;
  }
}

}  // namespace

void normalise(const uint8_t* in, int32_t height, int32_t width, bool mirror, float mean,
               float deviation, float* out) {
  if (!mirror) {
    straight(in, static_cast<int64_t>(height) * width, mean, deviation, out);
    return;
  }
  for (int32_t y = 0; y < height; y++, in += width, out += width) {
    mirrored(in, width, mean, deviation, out);
  }
}

}  // namespace invp::image
