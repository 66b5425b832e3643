#include "webp.h"

#include <webp/decode.h>

#include <cstring>
#include <new>

#include "guard.h"
#include "invp/image.h"

namespace invp::image {
namespace {

constexpr int32_t kChannels = 3;

const char* meaning(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "unsupported feature";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "its data end too early";
    default:
      return "damaged data";
  }
}

[[noreturn]] void refuse(const char* what) {
  throw InvalidData(std::string("not a whole WebP image: ") + what);
}

/* The first frame; its place on the canvas lies inside it, as the demuxer has checked. */
class FirstFrame {
 public:
  explicit FirstFrame(const WebPDemuxer* file) {
    if (WebPDemuxGetFrame(file, 1, &frame_) == 0) refuse("no frame in it");
  }
  FirstFrame(const FirstFrame&) = delete;
  FirstFrame& operator=(const FirstFrame&) = delete;
  ~FirstFrame() { WebPDemuxReleaseIterator(&frame_); }

  const WebPIterator* operator->() const { return &frame_; }

 private:
  WebPIterator frame_{};
};

}  // namespace

Webp::Webp(const void* data, int64_t bytes) {
  const WebPData file{static_cast<const uint8_t*>(data), static_cast<size_t>(bytes)};
  WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
  file_.reset(WebPDemuxPartial(&file, &state));
  if (state == WEBP_DEMUX_PARSED_HEADER || state == WEBP_DEMUX_PARSING_HEADER) {
    refuse("its data end too early");
  }
  if (file_ == nullptr || state != WEBP_DEMUX_DONE) refuse("damaged data");
  const uint32_t height = WebPDemuxGetI(file_.get(), WEBP_FF_CANVAS_HEIGHT);
  const uint32_t width = WebPDemuxGetI(file_.get(), WEBP_FF_CANVAS_WIDTH);
  if (uint64_t{height} * width > INVP_IMAGE_MAX_PIXELS) {
    throw InvalidData("a WebP image of " + std::to_string(width) + " x " + std::to_string(height) +
                      " pixels; at most " + std::to_string(INVP_IMAGE_MAX_PIXELS) + " are read");
  }
  height_ = static_cast<int32_t>(height);
  width_ = static_cast<int32_t>(width);
}

void Webp::decode(uint8_t* pixels) const {
  const FirstFrame frame(file_.get());
  const size_t stride = static_cast<size_t>(width_) * kChannels;
  const size_t size = stride * static_cast<size_t>(height_);
  if (frame->width != width_ || frame->height != height_) std::memset(pixels, 0, size);
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) throw BackendFailure("libwebp of another version");
  const size_t start = stride * static_cast<size_t>(frame->y_offset) +
                       static_cast<size_t>(frame->x_offset) * kChannels;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels + start, static_cast<int>(stride), size - start};
  const VP8StatusCode status = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
  if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
  if (status != VP8_STATUS_OK) refuse(meaning(status));
}

std::string webp_version() {
  const int version = WebPGetDecoderVersion();
  return "libwebp " + std::to_string(version >> 16) + "." + std::to_string(version >> 8 & 255) +
         "." + std::to_string(version & 255);
}

}  // namespace invp::image
