/* Reading the fixtures that scripts/make-image-fixtures.py wrote, and calling the library. */
#ifndef INVP_TESTS_IMAGE_FIXTURES_H
#define INVP_TESTS_IMAGE_FIXTURES_H

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "invp/image.h"

namespace invp::image::test {

struct Picture {
  int32_t height = 0;
  int32_t width = 0;
  int32_t channels = 0;
  std::vector<uint8_t> pixels; /* [height, width, channels] */
};

inline std::vector<uint8_t> read_file(const std::string& name) {
  std::ifstream in(std::string(INVP_FIXTURES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/* Binary PGM or PPM. */
inline Picture read_picture(const std::string& name) {
  std::ifstream in(std::string(INVP_FIXTURES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  std::string magic;
  int highest = 0;
  Picture picture;
  in >> magic >> picture.width >> picture.height >> highest;
  in.get();
  EXPECT_EQ(highest, 255) << name;
  picture.channels = magic == "P6" ? 3 : 1;
  picture.pixels.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  EXPECT_EQ(picture.pixels.size(), static_cast<size_t>(picture.height) *
                                       static_cast<size_t>(picture.width) *
                                       static_cast<size_t>(picture.channels));
  return picture;
}

/* The lines of a case list, without its first. */
inline std::vector<std::string> read_cases(const std::string& name) {
  std::ifstream in(std::string(INVP_FIXTURES) + "/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') lines.push_back(line);
  }
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

struct DestroyWorkspace {
  void operator()(invp_image_workspace* workspace) const {
    invp_image_workspace_destroy(workspace);
  }
};
using Workspace = std::unique_ptr<invp_image_workspace, DestroyWorkspace>;

inline Workspace make_workspace() {
  invp_image_workspace* workspace = nullptr;
  EXPECT_EQ(invp_image_workspace_create(&workspace), INVP_OK);
  return Workspace(workspace);
}

inline std::string last_error() {
  char buffer[512];
  invp_image_last_error(buffer, sizeof buffer);
  return buffer;
}

/* An augmentation that does nothing but crop, leaving pixels in [0, 1]. */
inline invp_image_augmentation plain_augmentation(int32_t channels, int32_t height, int32_t width) {
  invp_image_augmentation a{};
  a.channels = channels;
  a.height = height;
  a.width = width;
  a.area_low = 0.2;
  a.area_high = 1;
  a.ratio_low = 3.0 / 4;
  a.ratio_high = 4.0 / 3;
  a.blur_low = 0.1;
  a.blur_high = 2;
  for (int c = 0; c < 3; c++) a.deviation[c] = 1;
  return a;
}

/* The published ImageNet ranges. */
inline invp_image_augmentation published_augmentation(int32_t height, int32_t width) {
  invp_image_augmentation a = plain_augmentation(3, height, width);
  a.brightness = a.contrast = a.saturation = 0.4;
  a.hue = 0.1;
  a.jitter_probability = 0.8;
  a.gray_probability = 0.2;
  a.blur_probability = 0.5;
  a.flip_probability = 0.5;
  return a;
}

/* Floats [channels, height, width] in [0, 1] against a picture, within so many levels. */
inline void expect_equal(const std::vector<float>& view, const Picture& expected, double levels,
                         const std::string& name) {
  const int64_t plane = static_cast<int64_t>(expected.height) * expected.width;
  ASSERT_EQ(static_cast<int64_t>(view.size()), plane * expected.channels) << name;
  double worst = 0;
  for (int64_t i = 0; i < plane; i++) {
    for (int32_t c = 0; c < expected.channels; c++) {
      const double value = 255.0 * view[static_cast<size_t>(c * plane + i)];
      worst = std::max(
          worst, std::abs(value - expected.pixels[static_cast<size_t>(i * expected.channels + c)]));
    }
  }
  EXPECT_LE(worst, levels + 1e-3) << name;
}

}  // namespace invp::image::test

#endif
