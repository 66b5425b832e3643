/* The drawn parameters: in range, distributed as torchvision's, from the key alone. */
#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "fixtures.h"

namespace invp::image::test {
namespace {

invp_image_draws draw(const invp_image_augmentation& augmentation, int32_t height, int32_t width,
                      uint64_t seed, uint64_t epoch, uint64_t image) {
  invp_image_draws draws{};
  EXPECT_EQ(invp_image_draw(&augmentation, height, width, seed, epoch, image, &draws), INVP_OK)
      << last_error();
  return draws;
}

bool same(const invp_image_draws& a, const invp_image_draws& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

TEST(Draw, DependsOnSeedEpochAndImage) {
  const auto a = published_augmentation(224, 224);
  const auto one = draw(a, 375, 500, 1, 2, 3);
  EXPECT_TRUE(same(one, draw(a, 375, 500, 1, 2, 3)));
  EXPECT_FALSE(same(one, draw(a, 375, 500, 2, 2, 3)));
  EXPECT_FALSE(same(one, draw(a, 375, 500, 1, 3, 3)));
  EXPECT_FALSE(same(one, draw(a, 375, 500, 1, 2, 4)));
  EXPECT_FALSE(same(draw(a, 375, 500, 1, 2, 3), draw(a, 375, 500, 2, 1, 3)));
}

TEST(Draw, SwitchingOneRangeOffLeavesTheOthersAsTheyWere) {
  auto a = published_augmentation(224, 224);
  for (uint64_t image = 0; image < 50; image++) {
    const auto with = draw(a, 375, 500, 1, 1, image);
    auto without_blur = a;
    without_blur.blur_probability = 0;
    auto without = draw(without_blur, 375, 500, 1, 1, image);
    EXPECT_EQ(without.blur_deviation, 0);
    without.blur_deviation = with.blur_deviation;
    EXPECT_TRUE(same(with, without));
  }
}

TEST(Draw, StaysInRange) {
  const auto a = published_augmentation(224, 224);
  for (uint64_t image = 0; image < 5000; image++) {
    const int32_t height = 1 + static_cast<int32_t>(image * 7 % 500);
    const int32_t width = 1 + static_cast<int32_t>(image * 13 % 400);
    const auto d = draw(a, height, width, 9, 1, image);
    ASSERT_GE(d.crop_top, 0);
    ASSERT_GE(d.crop_left, 0);
    ASSERT_GE(d.crop_height, 1);
    ASSERT_GE(d.crop_width, 1);
    ASSERT_LE(d.crop_top + d.crop_height, height);
    ASSERT_LE(d.crop_left + d.crop_width, width);
    for (int i = 0; i < d.jitter_count; i++) {
      const float factor = d.factor[d.jitter[i]];
      const bool hue = d.jitter[i] == INVP_IMAGE_HUE;
      ASSERT_GE(factor, hue ? -0.1f : 0.6f);
      ASSERT_LE(factor, hue ? 0.1f : 1.4f);
    }
    if (d.blur_deviation != 0) {
      ASSERT_GE(d.blur_deviation, 0.1f);
      ASSERT_LE(d.blur_deviation, 2.0f);
    }
  }
}

TEST(Draw, HasTheAskedForProbabilities) {
  const auto a = published_augmentation(224, 224);
  const int count = 20000;
  double jitter = 0, gray = 0, blur = 0, flip = 0;
  for (int image = 0; image < count; image++) {
    const auto d = draw(a, 375, 500, 4, 1, static_cast<uint64_t>(image));
    jitter += d.jitter_count == 4;
    gray += d.gray;
    blur += d.blur_deviation > 0;
    flip += d.flip;
  }
  /* Five standard deviations of a share of 20000. */
  EXPECT_NEAR(jitter / count, 0.8, 0.0142);
  EXPECT_NEAR(gray / count, 0.2, 0.0142);
  EXPECT_NEAR(blur / count, 0.5, 0.0177);
  EXPECT_NEAR(flip / count, 0.5, 0.0177);
}

TEST(Draw, UsesEveryOrderOfTheColourOperationsEquallyOften) {
  auto a = published_augmentation(224, 224);
  a.jitter_probability = 1;
  std::map<std::array<int32_t, 4>, int> seen;
  const int count = 24000;
  for (int image = 0; image < count; image++) {
    const auto d = draw(a, 375, 500, 11, 1, static_cast<uint64_t>(image));
    seen[{d.jitter[0], d.jitter[1], d.jitter[2], d.jitter[3]}]++;
  }
  EXPECT_EQ(seen.size(), 24u);
  for (const auto& [order, times] : seen) EXPECT_NEAR(times, 1000, 160);
}

TEST(Draw, SpreadsCropAreasEvenlyOverTheirRange) {
  const auto a = plain_augmentation(3, 224, 224);
  std::array<int, 8> bins{};
  const int count = 16000;
  for (int image = 0; image < count; image++) {
    /* Square and large, so that rarely a try is rejected below an area of 0.75. */
    const auto d = draw(a, 2000, 2000, 3, 1, static_cast<uint64_t>(image));
    const double area = static_cast<double>(d.crop_height) * d.crop_width / 4e6;
    bins[static_cast<size_t>(std::clamp((area - 0.2) * 10, 0.0, 7.0))]++;
  }
  for (size_t i = 1; i < 5; i++) EXPECT_NEAR(bins[i], bins[0], 0.15 * bins[0]) << i;
}

TEST(Draw, FallsBackToTheLargestCentredCropInRange) {
  const auto a = plain_augmentation(3, 224, 224);
  const auto tall = draw(a, 4000, 30, 1, 1, 1);
  EXPECT_EQ(tall.crop_width, 30);
  EXPECT_EQ(tall.crop_height, 40);
  EXPECT_EQ(tall.crop_top, 1980);
  const auto wide = draw(a, 30, 4000, 1, 1, 1);
  EXPECT_EQ(wide.crop_height, 30);
  EXPECT_EQ(wide.crop_width, 40);
  EXPECT_EQ(wide.crop_left, 1980);
}

TEST(Draw, LeavesOutOperationsOfStrengthZero) {
  auto a = published_augmentation(224, 224);
  a.jitter_probability = 1;
  a.hue = 0;
  a.contrast = 0;
  const auto d = draw(a, 375, 500, 1, 1, 1);
  EXPECT_EQ(d.jitter_count, 2);
  for (int i = 0; i < d.jitter_count; i++) {
    EXPECT_NE(d.jitter[i], INVP_IMAGE_HUE);
    EXPECT_NE(d.jitter[i], INVP_IMAGE_CONTRAST);
  }
}

TEST(Draw, RefusesRangesThatMakeNoSense) {
  const auto good = published_augmentation(224, 224);
  EXPECT_EQ(invp_image_check(&good), INVP_OK);
  const auto refused = [&](auto change, const char* word) {
    auto bad = good;
    change(bad);
    EXPECT_EQ(invp_image_check(&bad), INVP_INVALID_ARGUMENT) << word;
    EXPECT_NE(last_error().find(word), std::string::npos) << last_error();
  };
  refused([](auto& a) { a.channels = 2; }, "channels");
  refused([](auto& a) { a.height = 0; }, "height");
  refused([](auto& a) { a.width = 9000; }, "width");
  refused([](auto& a) { a.area_low = 0; }, "area");
  refused([](auto& a) { a.area_high = 1.1; }, "area");
  refused([](auto& a) { a.ratio_high = 0.1; }, "ratio");
  refused([](auto& a) { a.brightness = -1; }, "brightness");
  refused([](auto& a) { a.hue = 0.6; }, "hue");
  refused([](auto& a) { a.gray_probability = std::nan(""); }, "gray");
  refused([](auto& a) { a.blur_low = 0; }, "blur");
  refused([](auto& a) { a.deviation[2] = 0; }, "deviation");
}

}  // namespace
}  // namespace invp::image::test
