/* Decoding: right on good files, an answer on every bad one. */
#include <random>

#include "fixtures.h"

namespace invp::image::test {
namespace {

int32_t decode(invp_image_workspace* workspace, const std::vector<uint8_t>& file,
               std::vector<uint8_t>& pixels, int32_t channels) {
  int32_t height = 0, width = 0, components = 0, orientation = 0;
  const int32_t status =
      invp_image_jpeg_header(workspace, file.data(), static_cast<int64_t>(file.size()), &height,
                             &width, &components, &orientation);
  if (status != INVP_OK) return status;
  pixels.resize(static_cast<size_t>(height) * static_cast<size_t>(width) *
                static_cast<size_t>(channels));
  return invp_image_jpeg_decode(workspace, file.data(), static_cast<int64_t>(file.size()), channels,
                                pixels.data(), static_cast<int64_t>(pixels.size()));
}

TEST(Jpeg, DecodesWhatPillowDecodes) {
  const Workspace workspace = make_workspace();
  for (const std::string& line : read_cases("jpeg.txt")) {
    std::istringstream in(line);
    std::string expected_name, file_name;
    in >> expected_name >> file_name;
    const Picture expected = read_picture(expected_name);
    std::vector<uint8_t> pixels;
    ASSERT_EQ(decode(workspace.get(), read_file(file_name), pixels, expected.channels), INVP_OK)
        << last_error();
    ASSERT_EQ(pixels.size(), expected.pixels.size());
    int worst = 0;
    for (size_t i = 0; i < pixels.size(); i++) {
      worst = std::max(worst, std::abs(pixels[i] - expected.pixels[i]));
    }
    /* Two versions of libjpeg-turbo may round differently. */
    EXPECT_LE(worst, 2) << file_name;
  }
}

TEST(Jpeg, GivesGrayOrColourAsAsked) {
  const Workspace workspace = make_workspace();
  for (const char* name : {"baseline.jpg", "progressive.jpg", "luminance.jpg", "cmyk.jpg"}) {
    const std::vector<uint8_t> file = read_file(name);
    std::vector<uint8_t> colour, gray;
    ASSERT_EQ(decode(workspace.get(), file, colour, 3), INVP_OK) << last_error();
    ASSERT_EQ(decode(workspace.get(), file, gray, 1), INVP_OK) << last_error();
    ASSERT_EQ(colour.size(), 3 * gray.size());
    double difference = 0;
    for (size_t i = 0; i < gray.size(); i++) {
      const double luma =
          0.299 * colour[3 * i] + 0.587 * colour[3 * i + 1] + 0.114 * colour[3 * i + 2];
      difference += std::abs(luma - gray[i]);
    }
    EXPECT_LT(difference / static_cast<double>(gray.size()), 3) << name;
  }
}

TEST(Jpeg, RefusesEveryTruncation) {
  const Workspace workspace = make_workspace();
  std::vector<uint8_t> pixels;
  for (const char* name : {"baseline.jpg", "progressive.jpg", "luminance.jpg"}) {
    const std::vector<uint8_t> whole = read_file(name);
    /* Without its last two bytes, the end marker, no pixel is lost: still not a whole file. */
    for (size_t length = 0; length < whole.size(); length++) {
      const std::vector<uint8_t> part(whole.begin(),
                                      whole.begin() + static_cast<std::ptrdiff_t>(length));
      const uint8_t none = 0;
      const int32_t status = part.empty()
                                 ? invp_image_jpeg_header(workspace.get(), &none, 0, nullptr,
                                                          nullptr, nullptr, nullptr)
                                 : decode(workspace.get(), part, pixels, 3);
      ASSERT_EQ(status, part.empty() ? INVP_INVALID_ARGUMENT : INVP_INVALID_DATA)
          << name << " cut to " << length;
    }
    ASSERT_EQ(decode(workspace.get(), whole, pixels, 3), INVP_OK) << "usable after failures";
  }
}

TEST(Jpeg, SurvivesDamageAnywhere) {
  const Workspace workspace = make_workspace();
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  std::vector<uint8_t> pixels;
  for (const char* name : {"baseline.jpg", "progressive.jpg", "luminance.jpg", "cmyk.jpg"}) {
    const std::vector<uint8_t> whole = read_file(name);
    for (int round = 0; round < 2000; round++) {
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
      const int32_t status = decode(workspace.get(), damaged, pixels, 3);
      ASSERT_TRUE(status == INVP_OK || status == INVP_INVALID_DATA) << "seed " << seed;
    }
  }
}

TEST(Jpeg, NamesWhatIsWrong) {
  const Workspace workspace = make_workspace();
  std::vector<uint8_t> pixels;
  const std::string text = "this is no image at all";
  EXPECT_EQ(decode(workspace.get(), {text.begin(), text.end()}, pixels, 3), INVP_INVALID_DATA);
  EXPECT_EQ(last_error().rfind("not a whole JPEG image: ", 0), 0u) << last_error();
  std::vector<uint8_t> half = read_file("baseline.jpg");
  half.resize(half.size() - 200);
  EXPECT_EQ(decode(workspace.get(), half, pixels, 3), INVP_INVALID_DATA);
  EXPECT_EQ(last_error().find('\n'), std::string::npos);
}

TEST(Jpeg, RefusesAbsurdSizes) {
  const Workspace workspace = make_workspace();
  std::vector<uint8_t> file = read_file("baseline.jpg");
  for (size_t i = 0; i + 8 < file.size(); i++) {
    if (file[i] == 0xff && file[i + 1] == 0xc0) {
      file[i + 5] = file[i + 7] = 0xff; /* the high bytes of height and width */
      break;
    }
  }
  std::vector<uint8_t> pixels;
  EXPECT_EQ(decode(workspace.get(), file, pixels, 3), INVP_INVALID_DATA);
  EXPECT_NE(last_error().find("134217728"), std::string::npos) << last_error();
}

TEST(Jpeg, NeverWritesBeyondTheGivenRoom) {
  const Workspace workspace = make_workspace();
  const std::vector<uint8_t> file = read_file("baseline.jpg");
  std::vector<uint8_t> pixels(10);
  EXPECT_EQ(invp_image_jpeg_decode(workspace.get(), file.data(), static_cast<int64_t>(file.size()),
                                   3, pixels.data(), 10),
            INVP_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace invp::image::test
