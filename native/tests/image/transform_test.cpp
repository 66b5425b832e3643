/* Given parameters, the transforms give what torchvision's give on PIL images. */
#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "fixtures.h"

namespace invp::image::test {
namespace {

struct Case {
  std::string expected;
  std::string source;
  int32_t height = 0;
  int32_t width = 0;
  invp_image_draws draws{};
};

int operation(const std::string& name) {
  const std::vector<std::string> names = {"brightness", "contrast", "saturation", "hue"};
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

Case parse(const std::string& line) {
  std::istringstream in(line);
  Case c;
  invp_image_draws& d = c.draws;
  in >> c.expected >> c.source >> d.crop_top >> d.crop_left >> d.crop_height >> d.crop_width >>
      c.height >> c.width >> d.gray >> d.blur_deviation >> d.flip;
  for (std::string word; in >> word;) {
    const size_t equals = word.find('=');
    const int op = operation(word.substr(0, equals));
    d.jitter[d.jitter_count++] = op;
    d.factor[op] = std::stof(word.substr(equals + 1));
  }
  return c;
}

std::vector<float> apply(const Picture& source, const invp_image_augmentation& augmentation,
                         const invp_image_draws& draws) {
  const Workspace workspace = make_workspace();
  std::vector<float> out(
      static_cast<size_t>(augmentation.channels * augmentation.height * augmentation.width));
  EXPECT_EQ(invp_image_apply(workspace.get(), &augmentation, &draws, source.pixels.data(),
                             static_cast<int64_t>(source.pixels.size()), INVP_IMAGE_PIXELS,
                             source.height, source.width, source.channels, out.data()),
            INVP_OK)
      << last_error();
  return out;
}

std::vector<float> evaluate(const Picture& source, const invp_image_evaluation& evaluation) {
  const Workspace workspace = make_workspace();
  std::vector<float> out(
      static_cast<size_t>(evaluation.channels * evaluation.height * evaluation.width));
  EXPECT_EQ(invp_image_evaluate(workspace.get(), &evaluation, source.pixels.data(),
                                static_cast<int64_t>(source.pixels.size()), INVP_IMAGE_PIXELS,
                                source.height, source.width, source.channels, out.data()),
            INVP_OK)
      << last_error();
  return out;
}

invp_image_evaluation plain_evaluation(int32_t channels, int32_t resize, int32_t height,
                                       int32_t width) {
  return {channels,  resize,    height,           width,
          {0, 0, 0}, {1, 1, 1}, INVP_IMAGE_EXACT, INVP_IMAGE_EXIF_IGNORE};
}

Picture noise(int32_t height, int32_t width, int32_t channels, uint32_t seed) {
  Picture picture{height, width, channels, {}};
  std::mt19937 random(seed);
  picture.pixels.resize(static_cast<size_t>(height * width * channels));
  for (uint8_t& pixel : picture.pixels) pixel = static_cast<uint8_t>(random());
  return picture;
}

TEST(Transform, GivesPillowsPixelsForGivenParameters) {
  for (const std::string& line : read_cases("cases.txt")) {
    const Case c = parse(line);
    const Picture source = read_picture(c.source);
    const auto augmentation = plain_augmentation(source.channels, c.height, c.width);
    /* Everything but the blur is exact; the blur rounds sums of floats. */
    expect_equal(apply(source, augmentation, c.draws), read_picture(c.expected),
                 c.draws.blur_deviation > 0 ? 1 : 0, c.expected);
  }
}

/* All of one red: [256 greens, 256 blues]. */
Picture shade(int red) {
  Picture picture{256, 256, 3, {}};
  for (int green = 0; green < 256; green++) {
    for (int blue = 0; blue < 256; blue++) {
      for (int value : {red, green, blue}) picture.pixels.push_back(static_cast<uint8_t>(value));
    }
  }
  return picture;
}

TEST(Transform, MovesTheHueOfEveryColourAsPillowDoes) {
  constexpr int64_t kPixels = 256 * 256;
  for (const std::string& line : read_cases("every_colour.txt")) {
    std::istringstream in(line);
    invp_image_draws draws{0, 0, 256, 256, 1, {INVP_IMAGE_HUE}, {}, 0, 0, 0};
    uint64_t expected = 0;
    in >> draws.factor[INVP_IMAGE_HUE] >> expected;
    uint64_t checksum = 0;
    for (int red = 0; red < 256; red++) {
      const std::vector<float> view = apply(shade(red), plain_augmentation(3, 256, 256), draws);
      for (int64_t i = 0; i < kPixels; i++) {
        for (int64_t c = 0; c < 3; c++) {
          const auto byte =
              static_cast<uint64_t>(std::lround(255 * view[static_cast<size_t>(c * kPixels + i)]));
          const auto at = static_cast<uint64_t>(3 * (red * kPixels + i) + c);
          checksum += byte * static_cast<uint32_t>(at * 2654435761u);
        }
      }
    }
    EXPECT_EQ(checksum, expected) << "a shift by " << draws.factor[INVP_IMAGE_HUE];
  }
}

TEST(Transform, ResizesAndCropsForEvaluationAsTorchvisionDoes) {
  for (const std::string& line : read_cases("evaluation.txt")) {
    std::istringstream in(line);
    std::string expected, source_name;
    int32_t resize = 0, height = 0, width = 0;
    in >> expected >> source_name >> resize >> height >> width;
    const Picture source = read_picture(source_name);
    expect_equal(evaluate(source, plain_evaluation(source.channels, resize, height, width)),
                 read_picture(expected), 0, expected);
  }
}

TEST(Transform, NormalisesEachChannel) {
  const Picture source = read_picture("colour.ppm");
  invp_image_evaluation e = plain_evaluation(3, 0, source.height, source.width);
  const float mean[] = {0.485f, 0.456f, 0.406f}, deviation[] = {0.229f, 0.224f, 0.225f};
  std::copy_n(mean, 3, e.mean);
  std::copy_n(deviation, 3, e.deviation);
  const std::vector<float> view = evaluate(source, e);
  const size_t plane = static_cast<size_t>(source.height * source.width);
  for (size_t i = 0; i < view.size(); i++) {
    const size_t c = i / plane;
    const float pixel = source.pixels[i % plane * 3 + c];
    ASSERT_EQ(view[i], (pixel / 255.0f - mean[c]) / deviation[c]);
  }
}

TEST(Transform, TurnsColourToLumaAndRepeatsGray) {
  const Picture colour = read_picture("colour.ppm");
  const Picture gray = read_picture("gray.pgm");
  const auto one = evaluate(colour, plain_evaluation(1, 0, colour.height, colour.width));
  for (size_t i = 0; i < one.size(); i++) {
    const uint8_t* p = &colour.pixels[3 * i];
    const int luma = (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 0x8000) >> 16;
    ASSERT_EQ(one[i], static_cast<float>(luma) / 255.0f);
  }
  const auto three = evaluate(gray, plain_evaluation(3, 0, gray.height, gray.width));
  const size_t plane = gray.pixels.size();
  for (size_t i = 0; i < three.size(); i++) {
    ASSERT_EQ(three[i], static_cast<float>(gray.pixels[i % plane]) / 255.0f);
  }
}

TEST(Transform, BlursImagesSmallerThanItsKernel) {
  for (int32_t size : {1, 2, 3}) {
    Picture picture = noise(size, size, 1, 3);
    std::fill(picture.pixels.begin(), picture.pixels.end(), uint8_t{77});
    invp_image_draws draws{};
    draws.crop_height = draws.crop_width = size;
    draws.blur_deviation = 9;
    for (float value : apply(picture, plain_augmentation(1, size, size), draws)) {
      ASSERT_EQ(value, 77.0f / 255.0f);
    }
  }
}

TEST(Transform, GivesTheSameBitsOnEveryThreadAndInAReusedWorkspace) {
  const auto augmentation = published_augmentation(24, 20);
  std::vector<Picture> pictures;
  for (uint32_t i = 0; i < 40; i++) {
    pictures.push_back(noise(9 + static_cast<int32_t>(i) % 30, 40 - static_cast<int32_t>(i) % 31,
                             i % 4 == 0 ? 1 : 3, i));
  }
  const size_t floats = 3 * 24 * 20;
  const auto run = [&](std::vector<float>& out, bool fresh, bool backwards) {
    Workspace workspace = make_workspace();
    for (size_t k = 0; k < pictures.size(); k++) {
      const size_t i = backwards ? pictures.size() - 1 - k : k;
      if (fresh) workspace = make_workspace();
      const Picture& p = pictures[i];
      ASSERT_EQ(invp_image_augment(workspace.get(), &augmentation, 5, 2, i, p.pixels.data(),
                                   static_cast<int64_t>(p.pixels.size()), INVP_IMAGE_PIXELS,
                                   p.height, p.width, p.channels, &out[i * floats]),
                INVP_OK);
    }
  };
  std::vector<float> alone(pictures.size() * floats), first(alone), second(alone);
  run(alone, true, false);
  std::thread a([&] { run(first, false, false); });
  std::thread b([&] { run(second, false, true); });
  a.join();
  b.join();
  EXPECT_EQ(std::memcmp(alone.data(), first.data(), alone.size() * sizeof(float)), 0);
  EXPECT_EQ(std::memcmp(alone.data(), second.data(), alone.size() * sizeof(float)), 0);
}

TEST(Transform, RefusesACropOutsideTheImage) {
  const Picture picture = noise(10, 10, 1, 1);
  const auto augmentation = plain_augmentation(1, 4, 4);
  const Workspace workspace = make_workspace();
  float out[16];
  for (const invp_image_draws& draws :
       {invp_image_draws{0, 0, 11, 10, 0, {}, {}, 0, 0, 0},
        invp_image_draws{1, 0, 10, 10, 0, {}, {}, 0, 0, 0},
        invp_image_draws{0, -1, 5, 5, 0, {}, {}, 0, 0, 0},
        invp_image_draws{0, 0, 0, 5, 0, {}, {}, 0, 0, 0},
        invp_image_draws{0, std::numeric_limits<int32_t>::max(), 5, 5, 0, {}, {}, 0, 0, 0}}) {
    EXPECT_EQ(invp_image_apply(workspace.get(), &augmentation, &draws, picture.pixels.data(), 100,
                               INVP_IMAGE_PIXELS, 10, 10, 1, out),
              INVP_INVALID_ARGUMENT);
  }
}

TEST(Transform, RefusesPixelsOfTheWrongSize) {
  const Picture picture = noise(10, 10, 1, 1);
  const auto evaluation = plain_evaluation(1, 0, 4, 4);
  const Workspace workspace = make_workspace();
  float out[16];
  EXPECT_EQ(invp_image_evaluate(workspace.get(), &evaluation, picture.pixels.data(), 99,
                                INVP_IMAGE_PIXELS, 10, 10, 1, out),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_image_evaluate(workspace.get(), &evaluation, picture.pixels.data(), 100, 7, 10, 10,
                                1, out),
            INVP_INVALID_ARGUMENT);
}

TEST(Transform, SaysThatAnImageIsTooSmallForItsCentreCrop) {
  const Picture picture = noise(10, 10, 1, 1);
  const auto evaluation = plain_evaluation(1, 0, 12, 4);
  const Workspace workspace = make_workspace();
  float out[48];
  EXPECT_EQ(invp_image_evaluate(workspace.get(), &evaluation, picture.pixels.data(), 100,
                                INVP_IMAGE_PIXELS, 10, 10, 1, out),
            INVP_INVALID_DATA);
  EXPECT_NE(last_error().find("10 x 10"), std::string::npos) << last_error();
}

}  // namespace
}  // namespace invp::image::test
