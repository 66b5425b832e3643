#include "workspace.h"

#include <new>
#include <string>

#include "guard.h"

namespace {

/* Throws unless the decoder succeeded. */
void check(invp_jpeg_result result, const invp_jpeg* jpeg) {
  if (result == INVP_JPEG_OK) return;
  if (result == INVP_JPEG_MEMORY) throw std::bad_alloc();
  throw invp::InvalidData(std::string("not a whole JPEG image: ") + invp_jpeg_message(jpeg));
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

invp::image::Source invp_image_workspace::open(const void* data, int64_t bytes, int32_t encoding,
                                               int32_t height, int32_t width, int32_t channels,
                                               int32_t wanted_channels) {
  invp::require(data != nullptr && bytes >= 0, "data must not be null, nor its size negative");
  if (encoding == INVP_IMAGE_JPEG) {
    const invp_jpeg_header header = jpeg_header(data, bytes);
    const int64_t size = static_cast<int64_t>(header.height) * header.width * wanted_channels;
    if (decoded_.size() < static_cast<size_t>(size)) decoded_.resize(static_cast<size_t>(size));
    jpeg_decode(wanted_channels, decoded_.data());
    return {decoded_.data(), static_cast<int64_t>(header.width) * wanted_channels, wanted_channels,
            header.height, header.width};
  }
  invp::require(encoding == INVP_IMAGE_PIXELS, "encoding must be 0 (pixels) or 1 (JPEG)");
  invp::require(channels == 1 || channels == 3, "an image has 1 or 3 channels");
  invp::require(
      height >= 1 && width >= 1 && static_cast<int64_t>(height) * width <= INVP_IMAGE_MAX_PIXELS,
      "an image has 1..134217728 pixels");
  invp::require(bytes == static_cast<int64_t>(height) * width * channels,
                "the size of the data must be height * width * channels");
  return {static_cast<const uint8_t*>(data), static_cast<int64_t>(width) * channels, channels,
          height, width};
}

uint8_t* invp_image_workspace::planes(int64_t size) {
  if (planes_.size() < static_cast<size_t>(size)) planes_.resize(static_cast<size_t>(size));
  return planes_.data();
}
