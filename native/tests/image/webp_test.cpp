/* WebP: Pillow's pixels of good files, an answer on every bad one. */
#include <random>

#include "fixtures.h"

namespace invp::image::test {
namespace {

int32_t size_of(invp_image_workspace* workspace, const std::vector<uint8_t>& file, int32_t& height,
                int32_t& width) {
  return invp_image_size(workspace, file.data(), static_cast<int64_t>(file.size()), INVP_IMAGE_WEBP,
                         INVP_IMAGE_EXIF_IGNORE, &height, &width);
}

/* The pixels, [3, height, width] in [0, 1]. */
int32_t decode(invp_image_workspace* workspace, const std::vector<uint8_t>& file, int32_t height,
               int32_t width, std::vector<float>& out, int32_t mode = INVP_IMAGE_EXACT) {
  const invp_image_evaluation view = {3, 0, height, width, {0, 0, 0}, {1, 1, 1}, mode, 0};
  out.resize(3 * static_cast<size_t>(height) * static_cast<size_t>(width));
  return invp_image_evaluate(workspace, &view, file.data(), static_cast<int64_t>(file.size()),
                             INVP_IMAGE_WEBP, 0, 0, 0, out.data());
}

TEST(Webp, DecodesWhatPillowDecodes) {
  const Workspace workspace = make_workspace();
  for (const auto& [name, expected] : {std::pair("colour.webp", "colour.ppm"),
                                       {"alpha.webp", "colour.ppm"},
                                       {"lossy.webp", "lossy.ppm"}}) {
    const Picture picture = read_picture(expected);
    const std::vector<uint8_t> file = read_file(name);
    int32_t height = 0, width = 0;
    ASSERT_EQ(size_of(workspace.get(), file, height, width), INVP_OK) << last_error();
    ASSERT_EQ(height, picture.height);
    ASSERT_EQ(width, picture.width);
    for (int32_t mode : {INVP_IMAGE_EXACT, INVP_IMAGE_SCALED}) {
      std::vector<float> pixels;
      ASSERT_EQ(decode(workspace.get(), file, height, width, pixels, mode), INVP_OK)
          << last_error();
      expect_equal(pixels, picture, 1e-3, name);
    }
  }
}

TEST(Webp, BecomesGrayAsPlainPixelsDo) {
  const Workspace workspace = make_workspace();
  const std::vector<uint8_t> file = read_file("colour.webp");
  const Picture picture = read_picture("colour.ppm");
  const invp_image_evaluation view = {1, 0, picture.height, picture.width, {0, 0, 0}, {1, 1, 1},
                                      0, 0};
  const size_t size = static_cast<size_t>(picture.height) * static_cast<size_t>(picture.width);
  std::vector<float> encoded(size), plain(size);
  ASSERT_EQ(
      invp_image_evaluate(workspace.get(), &view, file.data(), static_cast<int64_t>(file.size()),
                          INVP_IMAGE_WEBP, 0, 0, 0, encoded.data()),
      INVP_OK);
  ASSERT_EQ(invp_image_evaluate(workspace.get(), &view, picture.pixels.data(),
                                static_cast<int64_t>(picture.pixels.size()), INVP_IMAGE_PIXELS,
                                picture.height, picture.width, picture.channels, plain.data()),
            INVP_OK);
  EXPECT_EQ(encoded, plain);
}

TEST(Webp, RefusesEveryTruncation) {
  const Workspace workspace = make_workspace();
  std::vector<float> pixels;
  for (const char* name : {"colour.webp", "alpha.webp", "lossy.webp"}) {
    const std::vector<uint8_t> whole = read_file(name);
    for (size_t length = 0; length < whole.size(); length++) {
      const std::vector<uint8_t> part(whole.begin(),
                                      whole.begin() + static_cast<std::ptrdiff_t>(length));
      ASSERT_EQ(decode(workspace.get(), part, 8, 8, pixels),
                part.empty() ? INVP_INVALID_ARGUMENT : INVP_INVALID_DATA)
          << name << " cut to " << length;
      ASSERT_EQ(last_error().find('\n'), std::string::npos);
    }
    ASSERT_EQ(decode(workspace.get(), whole, 8, 8, pixels), INVP_OK) << "usable after failures";
  }
}

TEST(Webp, SurvivesDamageAnywhere) {
  const Workspace workspace = make_workspace();
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  std::vector<float> pixels;
  for (const char* name :
       {"colour.webp", "alpha.webp", "lossy.webp", "encoded/pillow-lossy-alpha.webp",
        "encoded/webpmux-frame-inside.webp"}) {
    const std::vector<uint8_t> whole = read_file(name);
    for (int round = 0; round < 2000; round++) {
      std::vector<uint8_t> damaged = whole;
      for (uint32_t hit = random() % 4 + 1; hit > 0; hit--) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
      }
      int32_t height = 0, width = 0;
      if (size_of(workspace.get(), damaged, height, width) == INVP_OK &&
          static_cast<int64_t>(height) * width > 1 << 20) {
        continue; /* a damaged size: legal, but slow */
      }
      const int32_t status = decode(workspace.get(), damaged, 8, 8, pixels);
      ASSERT_TRUE(status == INVP_OK || status == INVP_INVALID_DATA) << "seed " << seed;
    }
  }
}

TEST(Webp, RefusesAbsurdSizes) {
  const Workspace workspace = make_workspace();
  std::vector<uint8_t> file = read_file("encoded/webpmux-frame-inside.webp");
  for (size_t i = 24; i < 30; i++) file[i] = 0x3f; /* the canvas, 24 bits a side */
  int32_t height = 0, width = 0;
  EXPECT_EQ(size_of(workspace.get(), file, height, width), INVP_INVALID_DATA);
  EXPECT_NE(last_error().find("WebP"), std::string::npos) << last_error();
}

}  // namespace
}  // namespace invp::image::test
