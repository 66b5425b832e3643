/* Decoding only what a view needs, and EXIF's orientations. */
#include <algorithm>
#include <cstring>
#include <random>

#include "fixtures.h"

namespace invp::image::test {
namespace {

invp_image_draws crop_of(int32_t top, int32_t left, int32_t height, int32_t width) {
  invp_image_draws draws{};
  draws.crop_top = top;
  draws.crop_left = left;
  draws.crop_height = height;
  draws.crop_width = width;
  return draws;
}

/* Levels 0..255, [channels, height, width]. */
std::vector<float> apply(invp_image_workspace* workspace, const std::vector<uint8_t>& file,
                         invp_image_augmentation augmentation, const invp_image_draws& draws,
                         int32_t decode, int32_t exif = INVP_IMAGE_EXIF_IGNORE) {
  augmentation.decode = decode;
  augmentation.exif = exif;
  for (float& deviation : augmentation.deviation) deviation = 1 / 255.0f;
  std::vector<float> out(
      static_cast<size_t>(augmentation.channels * augmentation.height * augmentation.width));
  EXPECT_EQ(
      invp_image_apply(workspace, &augmentation, &draws, file.data(),
                       static_cast<int64_t>(file.size()), INVP_IMAGE_JPEG, 0, 0, 0, out.data()),
      INVP_OK)
      << last_error();
  return out;
}

struct Size {
  int32_t height;
  int32_t width;
};

Size size_of(invp_image_workspace* workspace, const std::vector<uint8_t>& file) {
  Size size{};
  int32_t components = 0, orientation = 0;
  EXPECT_EQ(invp_image_jpeg_header(workspace, file.data(), static_cast<int64_t>(file.size()),
                                   &size.height, &size.width, &components, &orientation),
            INVP_OK);
  return size;
}

int32_t between(std::mt19937& random, int32_t low, int32_t high) {
  return std::uniform_int_distribution<int32_t>(low, high)(random);
}

double mean_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); i++) {
    worst = std::max(worst, static_cast<double>(std::abs(a[i] - b[i])));
  }
  return worst;
}

/* Sampled 4:4:4, 4:2:2 and 4:2:0, progressive, gray, CMYK; sides that are no whole blocks. */
const std::vector<std::string> kFiles = {"baseline.jpg",  "progressive.jpg",       "luminance.jpg",
                                         "cmyk.jpg",      "smooth444.jpg",         "smooth422.jpg",
                                         "smooth420.jpg", "smooth_progressive.jpg"};

TEST(Exact, GivesPillowsViewsOfJpegs) {
  const Workspace workspace = make_workspace();
  for (const std::string& line : read_cases("jpeg_views.txt")) {
    std::istringstream in(line);
    std::string expected_name, source;
    int32_t top = 0, left = 0, height = 0, width = 0, out_height = 0, out_width = 0;
    in >> expected_name >> source >> top >> left >> height >> width >> out_height >> out_width;
    const Picture expected = read_picture(expected_name);
    std::vector<float> view =
        apply(workspace.get(), read_file(source), plain_augmentation(3, out_height, out_width),
              crop_of(top, left, height, width), INVP_IMAGE_EXACT);
    for (float& value : view) value /= 255;
    /* Two versions of libjpeg-turbo may round differently. */
    expect_equal(view, expected, 2, expected_name);
  }
}

TEST(Scaled, HasTheBitsOfExactWhereTheCropIsNoTwiceTheResult) {
  const Workspace workspace = make_workspace();
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  for (const std::string& name : kFiles) {
    const std::vector<uint8_t> file = read_file(name);
    const Size size = size_of(workspace.get(), file);
    for (int round = 0; round < 60; round++) {
      const int32_t height = between(random, 1, size.height);
      const int32_t width = between(random, 1, size.width);
      const auto draws = crop_of(between(random, 0, size.height - height),
                                 between(random, 0, size.width - width), height, width);
      /* One side of the result keeps the whole crop from being twice as large. */
      const auto augmentation = plain_augmentation(between(random, 0, 1) * 2 + 1, height / 2 + 1,
                                                   between(random, 1, 2 * width));
      ASSERT_EQ(apply(workspace.get(), file, augmentation, draws, INVP_IMAGE_EXACT),
                apply(workspace.get(), file, augmentation, draws, INVP_IMAGE_SCALED))
          << name << ", seed " << seed;
    }
  }
}

/*
 * A DCT scale averages over blocks where exact decoding weighs by a triangle; on smooth images
 * both see nearly the same. The bounds are the test's own: what a change must not exceed.
 */
TEST(Scaled, StaysNearExactOnSmoothImagesAtEveryScale) {
  const Workspace workspace = make_workspace();
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  for (const char* name :
       {"smooth444.jpg", "smooth422.jpg", "smooth420.jpg", "smooth_progressive.jpg"}) {
    const std::vector<uint8_t> file = read_file(name);
    const Size size = size_of(workspace.get(), file);
    for (int round = 0; round < 100; round++) {
      const int32_t height = between(random, 40, size.height);
      const int32_t width = between(random, 40, size.width);
      const auto draws = crop_of(between(random, 0, size.height - height),
                                 between(random, 0, size.width - width), height, width);
      const int32_t factor = 2 << (round % 3);
      const auto augmentation = plain_augmentation(3, height / factor, width / factor);
      const auto exact = apply(workspace.get(), file, augmentation, draws, INVP_IMAGE_EXACT);
      const auto scaled = apply(workspace.get(), file, augmentation, draws, INVP_IMAGE_SCALED);
      EXPECT_LE(mean_difference(exact, scaled), 3) << name << ", seed " << seed;
      EXPECT_LE(largest_difference(exact, scaled), 16) << name << ", seed " << seed;
    }
  }
}

TEST(Scaled, NeverEnlargesMoreThanExactWould) {
  /* A checkerboard of single pixels is flat gray at any smaller scale. */
  const Workspace workspace = make_workspace();
  const std::vector<uint8_t> file = read_file("checkers.jpg");
  const Size size = size_of(workspace.get(), file);
  const auto contrast = [&](int32_t height, int32_t width) {
    const auto view = apply(workspace.get(), file, plain_augmentation(1, height, width),
                            crop_of(0, 0, size.height, size.width), INVP_IMAGE_SCALED);
    return *std::max_element(view.begin(), view.end()) -
           *std::min_element(view.begin(), view.end());
  };
  EXPECT_GT(contrast(size.height, size.width), 200);
  EXPECT_GT(contrast(size.height, size.width / 2), 30) << "one side alone allows no scale";
  EXPECT_LT(contrast(size.height / 2, size.width / 2), 8);
}

TEST(Scaled, EvaluatesNearExactAndWithItsBitsWithoutResizing) {
  const Workspace workspace = make_workspace();
  for (const std::string& name : kFiles) {
    const std::vector<uint8_t> file = read_file(name);
    const Size size = size_of(workspace.get(), file);
    const auto run = [&](int32_t resize, int32_t side, int32_t decode) {
      const invp_image_evaluation e{
          3, resize, side, side, {0, 0, 0}, {1 / 255.0f, 1 / 255.0f, 1 / 255.0f}, decode, 0};
      std::vector<float> out(static_cast<size_t>(3 * side * side));
      EXPECT_EQ(
          invp_image_evaluate(workspace.get(), &e, file.data(), static_cast<int64_t>(file.size()),
                              INVP_IMAGE_JPEG, 0, 0, 0, out.data()),
          INVP_OK)
          << last_error();
      return out;
    };
    const int32_t shorter = std::min(size.height, size.width);
    for (const int32_t side : {1, 7, shorter}) {
      EXPECT_EQ(run(0, side, INVP_IMAGE_EXACT), run(0, side, INVP_IMAGE_SCALED)) << name;
    }
    if (name.rfind("smooth", 0) != 0) continue;
    for (const int32_t divisor : {2, 3, 4, 8}) {
      const int32_t resize = shorter / divisor;
      const int32_t crop = std::max(1, resize - 3);
      EXPECT_LE(mean_difference(run(resize, crop, INVP_IMAGE_EXACT),
                                run(resize, crop, INVP_IMAGE_SCALED)),
                2)
          << name << " / " << divisor;
    }
  }
}

TEST(Scaled, RefusesEveryTruncationWhateverTheCrop) {
  const Workspace workspace = make_workspace();
  invp_image_augmentation augmentation = plain_augmentation(3, 4, 4);
  augmentation.decode = INVP_IMAGE_SCALED;
  float out[48];
  for (const char* name : {"baseline.jpg", "progressive.jpg", "luminance.jpg", "cmyk.jpg"}) {
    const std::vector<uint8_t> whole = read_file(name);
    for (size_t length = 0; length < whole.size(); length++) {
      /* The first rows only, at full size and at a quarter. */
      const auto draws = length % 2 == 0 ? crop_of(0, 0, 4, 4) : crop_of(0, 0, 18, 18);
      ASSERT_EQ(invp_image_apply(workspace.get(), &augmentation, &draws, whole.data(),
                                 static_cast<int64_t>(length), INVP_IMAGE_JPEG, 0, 0, 0, out),
                INVP_INVALID_DATA)
          << name << " cut to " << length;
    }
  }
}

TEST(Scaled, ReadsAFileWithBytesAfterItsEnd) {
  const Workspace workspace = make_workspace();
  std::vector<uint8_t> file = read_file("smooth420.jpg");
  const auto draws = crop_of(3, 5, 60, 80);
  const auto expected =
      apply(workspace.get(), file, plain_augmentation(3, 20, 20), draws, INVP_IMAGE_SCALED);
  file.insert(file.end(), {0, 0, 0, 7});
  EXPECT_EQ(expected,
            apply(workspace.get(), file, plain_augmentation(3, 20, 20), draws, INVP_IMAGE_SCALED));
}

TEST(Scaled, SurvivesDamageAnywhere) {
  const Workspace workspace = make_workspace();
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  invp_image_augmentation augmentation = published_augmentation(5, 5);
  augmentation.decode = INVP_IMAGE_SCALED;
  augmentation.exif = INVP_IMAGE_EXIF_APPLY;
  float out[75];
  for (const char* name :
       {"baseline.jpg", "progressive.jpg", "luminance.jpg", "cmyk.jpg", "exif6.jpg"}) {
    const std::vector<uint8_t> whole = read_file(name);
    for (int round = 0; round < 1500; round++) {
      std::vector<uint8_t> damaged = whole;
      for (uint32_t hit = random() % 4 + 1; hit > 0; hit--) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
      }
      int32_t height = 0, width = 0, components = 0, orientation = 0;
      if (invp_image_jpeg_header(workspace.get(), damaged.data(),
                                 static_cast<int64_t>(damaged.size()), &height, &width, &components,
                                 &orientation) == INVP_OK &&
          static_cast<int64_t>(height) * width > 1 << 20) {
        continue; /* a damaged size: legal, but slow */
      }
      const int32_t status = invp_image_augment(
          workspace.get(), &augmentation, seed, 1, static_cast<uint64_t>(round), damaged.data(),
          static_cast<int64_t>(damaged.size()), INVP_IMAGE_JPEG, 0, 0, 0, out);
      ASSERT_TRUE(status == INVP_OK || status == INVP_INVALID_DATA) << "seed " << seed;
    }
  }
}

TEST(Exif, TurnsImagesUprightAsPillowDoes) {
  const Workspace workspace = make_workspace();
  for (int orientation = 1; orientation <= 8; orientation++) {
    const std::string name = "exif" + std::to_string(orientation);
    const std::vector<uint8_t> file = read_file(name + ".jpg");
    const Picture expected = read_picture(name + ".ppm");
    const auto draws = crop_of(0, 0, expected.height, expected.width);
    const auto augmentation = plain_augmentation(3, expected.height, expected.width);
    for (const int32_t decode : {INVP_IMAGE_EXACT, INVP_IMAGE_SCALED}) {
      std::vector<float> view =
          apply(workspace.get(), file, augmentation, draws, decode, INVP_IMAGE_EXIF_APPLY);
      for (float& value : view) value /= 255;
      expect_equal(view, expected, 2, name);
    }
  }
}

TEST(Exif, IsIgnoredUnlessAskedFor) {
  const Workspace workspace = make_workspace();
  const std::vector<uint8_t> plain = read_file("exif1.jpg");
  const std::vector<uint8_t> turned = read_file("exif6.jpg");
  const Size size = size_of(workspace.get(), plain);
  const Size other = size_of(workspace.get(), turned);
  EXPECT_EQ(size.height, other.width) << "the fixture is stored on its side";
  std::vector<float> out(3 * 8 * 8);
  invp_image_augmentation augmentation = plain_augmentation(3, 8, 8);
  const auto draws = crop_of(0, 0, other.height, other.width);
  EXPECT_EQ(
      invp_image_apply(workspace.get(), &augmentation, &draws, turned.data(),
                       static_cast<int64_t>(turned.size()), INVP_IMAGE_JPEG, 0, 0, 0, out.data()),
      INVP_OK);
}

/* Scaled decoding of an image on its side, against the same scene stored upright. */
TEST(Exif, ScaledCropsOfTurnedImagesShowTheSamePlace) {
  const Workspace workspace = make_workspace();
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int orientation = 1; orientation <= 8; orientation++) {
    const std::vector<uint8_t> file = read_file("exif" + std::to_string(orientation) + ".jpg");
    const Picture upright = read_picture("exif" + std::to_string(orientation) + ".ppm");
    for (int round = 0; round < 60; round++) {
      const int32_t height = between(random, 16, upright.height);
      const int32_t width = between(random, 16, upright.width);
      const auto draws = crop_of(between(random, 0, upright.height - height),
                                 between(random, 0, upright.width - width), height, width);
      const auto augmentation = plain_augmentation(3, height / 2, width / 2);
      const auto exact = apply(workspace.get(), file, augmentation, draws, INVP_IMAGE_EXACT,
                               INVP_IMAGE_EXIF_APPLY);
      const auto scaled = apply(workspace.get(), file, augmentation, draws, INVP_IMAGE_SCALED,
                                INVP_IMAGE_EXIF_APPLY);
      /* A pixel is 7 levels high here. */
      EXPECT_LE(mean_difference(exact, scaled), 1.5)
          << "orientation " << orientation << ", seed " << seed;
    }
  }
}

TEST(Exif, SurvivesDamageToItsData) {
  const Workspace workspace = make_workspace();
  const std::vector<uint8_t> whole = read_file("exif6.jpg");
  invp_image_augmentation augmentation = plain_augmentation(3, 4, 4);
  augmentation.exif = INVP_IMAGE_EXIF_APPLY;
  float out[48];
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  for (int round = 0; round < 4000; round++) {
    std::vector<uint8_t> damaged = whole;
    for (int hits = 0; hits < 3; hits++) {
      damaged[6 + random() % 60] = static_cast<uint8_t>(random() % 3 == 0 ? 0xff : random());
    }
    const int32_t status =
        invp_image_augment(workspace.get(), &augmentation, 1, 1, 1, damaged.data(),
                           static_cast<int64_t>(damaged.size()), INVP_IMAGE_JPEG, 0, 0, 0, out);
    ASSERT_TRUE(status == INVP_OK || status == INVP_INVALID_DATA) << "seed " << seed;
  }
}

}  // namespace
}  // namespace invp::image::test
