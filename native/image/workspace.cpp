#include "workspace.h"

#include <new>
#include <string>

#include "guard.h"

using invp::image::Orientation;
using invp::image::Picture;
using invp::image::Region;
using invp::image::Source;

namespace {

constexpr int32_t kColours = 3;

/* Throws unless the decoder succeeded. */
void check(invp_jpeg_result result, const invp_jpeg* jpeg) {
  if (result == INVP_JPEG_OK) return;
  if (result == INVP_JPEG_MEMORY) throw std::bad_alloc();
  throw invp::InvalidData(std::string("not a whole JPEG image: ") + invp_jpeg_message(jpeg));
}

uint8_t* room(std::vector<uint8_t>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) buffer.resize(static_cast<size_t>(size));
  return buffer.data();
}

}  // namespace

invp_image_workspace::invp_image_workspace() : jpeg_(invp_jpeg_create()) {
  if (jpeg_ == nullptr) throw std::bad_alloc();
}

invp_jpeg_header invp_image_workspace::jpeg_header(const void* data, int64_t bytes) {
  if (bytes == 0) throw invp::InvalidData("not a whole JPEG image: 0 bytes");
  invp_jpeg_header header{};
  check(invp_jpeg_open(jpeg_.get(), data, static_cast<size_t>(bytes), &header), jpeg_.get());
  if (static_cast<int64_t>(header.height) * header.width > INVP_IMAGE_MAX_PIXELS) {
    throw invp::InvalidData("a JPEG image of " + std::to_string(header.width) + " x " +
                            std::to_string(header.height) + " pixels; at most " +
                            std::to_string(INVP_IMAGE_MAX_PIXELS) + " are read");
  }
  return header;
}

void invp_image_workspace::jpeg_decode(int32_t channels, uint8_t* pixels) {
  check(invp_jpeg_decode(jpeg_.get(), channels, pixels), jpeg_.get());
}

Picture invp_image_workspace::open(const void* data, int64_t bytes, int32_t encoding,
                                   int32_t height, int32_t width, int32_t channels,
                                   int32_t wanted_channels, int32_t exif) {
  invp::require(data != nullptr && bytes >= 0, "data must not be null, nor its size negative");
  webp_.reset();
  if (encoding == INVP_IMAGE_JPEG) {
    const invp_jpeg_header header = jpeg_header(data, bytes);
    const auto orientation =
        exif == INVP_IMAGE_EXIF_APPLY ? Orientation::of(header.orientation) : Orientation();
    const bool swapped = orientation.swapped;
    return {swapped ? header.width : header.height,
            swapped ? header.height : header.width,
            wanted_channels,
            orientation,
            nullptr,
            true};
  }
  if (encoding == INVP_IMAGE_WEBP) {
    webp_.emplace(data, bytes);
    return {webp_->height(), webp_->width(), kColours, Orientation(), nullptr, false};
  }
  invp::require(encoding == INVP_IMAGE_PIXELS, "encoding must be 0 (pixels), 1 (JPEG) or 2 (WebP)");
  invp::require(channels == 1 || channels == 3, "an image has 1 or 3 channels");
  invp::require(
      height >= 1 && width >= 1 && static_cast<int64_t>(height) * width <= INVP_IMAGE_MAX_PIXELS,
      "an image has 1..134217728 pixels");
  invp::require(bytes == static_cast<int64_t>(height) * width * channels,
                "the size of the data must be height * width * channels");
  return {height, width, channels, Orientation(), static_cast<const uint8_t*>(data), false};
}

Source invp_image_workspace::read(const Picture& picture, const Region& region) {
  const bool swapped = picture.orientation.swapped;
  const int32_t height = swapped ? picture.width : picture.height;
  const int32_t width = swapped ? picture.height : picture.width;
  const int64_t stride = static_cast<int64_t>(width) * picture.channels;
  const uint8_t* pixels = picture.pixels;
  if (pixels == nullptr) {
    uint8_t* decoded = room(decoded_, height * stride);
    if (webp_) {
      webp_->decode(decoded);
    } else {
      jpeg_decode(picture.channels, decoded);
    }
    pixels = decoded;
  }
  const Region r = picture.orientation.stored(region, height, width);
  return upright(picture,
                 {pixels + r.top * stride + static_cast<int64_t>(r.left) * picture.channels, stride,
                  picture.channels, r.height, r.width});
}

Source invp_image_workspace::read_scaled(const Picture& picture, const Region& region,
                                         int32_t eighths) {
  const bool swapped = picture.orientation.swapped;
  const Region r = picture.orientation.stored(
      region, invp_jpeg_scaled(swapped ? picture.width : picture.height, eighths),
      invp_jpeg_scaled(swapped ? picture.height : picture.width, eighths));
  const int64_t stride = (int64_t{r.width} + INVP_JPEG_BESIDE) * picture.channels;
  uint8_t* decoded = room(decoded_, r.height * stride);
  const invp_jpeg_region wanted{eighths, r.top, r.left, r.height, r.width};
  int32_t skipped = 0;
  check(invp_jpeg_decode_region(jpeg_.get(), &wanted, picture.channels, decoded, &skipped),
        jpeg_.get());
  return upright(picture, {decoded + int64_t{skipped} * picture.channels, stride, picture.channels,
                           r.height, r.width});
}

Source invp_image_workspace::upright(const Picture& picture, const Source& stored) {
  if (picture.orientation.upright()) return stored;
  const int64_t size = static_cast<int64_t>(stored.height) * stored.width * stored.channels;
  return picture.orientation.turn(stored, room(turned_, size));
}

uint8_t* invp_image_workspace::planes(int64_t size) { return room(planes_, size); }
