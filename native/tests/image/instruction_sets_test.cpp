/* The vector kernels give the same bits on every instruction set. */
#include <hwy/targets.h>

#include <random>

#include "fixtures.h"

namespace invp::image::test {
namespace {

/* Uses one instruction set until it goes out of scope. */
class Only {
 public:
  explicit Only(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~Only() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

invp_image_augmentation everything(int32_t channels, int32_t height, int32_t width) {
  invp_image_augmentation a{};
  a.channels = channels;
  a.height = height;
  a.width = width;
  a.area_low = 0.1;
  a.area_high = 1;
  a.ratio_low = 0.5;
  a.ratio_high = 2;
  a.brightness = a.contrast = a.saturation = 3;
  a.hue = 0.5;
  a.jitter_probability = 1;
  a.gray_probability = 0.2;
  a.blur_low = 0.1;
  a.blur_high = 3;
  a.blur_probability = 0.7;
  a.flip_probability = 0.5;
  for (int c = 0; c < 3; c++) {
    a.mean[c] = 0.4f + 0.1f * static_cast<float>(c);
    a.deviation[c] = 0.2f;
  }
  return a;
}

std::vector<float> view(const Picture& picture, const invp_image_augmentation& a, uint64_t image) {
  const Workspace workspace = make_workspace();
  std::vector<float> out(static_cast<size_t>(a.channels * a.height * a.width));
  EXPECT_EQ(invp_image_augment(workspace.get(), &a, 7, 0, image, picture.pixels.data(),
                               static_cast<int64_t>(picture.pixels.size()), INVP_IMAGE_PIXELS,
                               picture.height, picture.width, picture.channels, out.data()),
            INVP_OK)
      << last_error();
  return out;
}

TEST(InstructionSets, GiveTheSameBits) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const int64_t all = hwy::SupportedTargets();
  for (uint64_t image = 0; image < 60; image++) {
    const auto side = [&] { return static_cast<int32_t>(1 + random() % 90); };
    Picture picture{side(), side(), random() % 3 == 0 ? 1 : 3, {}};
    picture.pixels.resize(static_cast<size_t>(picture.height * picture.width * picture.channels));
    for (uint8_t& pixel : picture.pixels) pixel = static_cast<uint8_t>(random());
    const invp_image_augmentation a = everything(random() % 3 == 0 ? 1 : 3, side(), side());
    const std::vector<float> expected = view(picture, a, image);
    for (int64_t rest = all; rest != 0; rest &= rest - 1) {
      const int64_t target = rest & -rest;
      const Only only(target);
      ASSERT_EQ(view(picture, a, image), expected)
          << hwy::TargetName(target) << ", image " << image << " of " << picture.height << " x "
          << picture.width << " x " << picture.channels << " to " << a.height << " x " << a.width;
    }
  }
}

}  // namespace
}  // namespace invp::image::test
