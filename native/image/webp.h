/*
 * A WebP decoder over libwebp, with its settings left as they are: Pillow's pixels. Of an animation
 * the canvas after the first frame. Transparency and colour profiles are dropped.
 */
#ifndef INVP_IMAGE_WEBP_H
#define INVP_IMAGE_WEBP_H

#include <webp/demux.h>

#include <cstdint>
#include <memory>
#include <string>

namespace invp::image {

/* A file in memory, which must stay as long as this. */
class Webp {
 public:
  /* Throws InvalidData unless it is a whole file of an allowed size. */
  Webp(const void* data, int64_t bytes);

  int32_t height() const { return height_; }
  int32_t width() const { return width_; }

  /* Writes height * width RGB pixels. Throws InvalidData on damage, std::bad_alloc. */
  void decode(uint8_t* pixels) const;

 private:
  struct Close {
    void operator()(WebPDemuxer* file) const { WebPDemuxDelete(file); }
  };

  std::unique_ptr<WebPDemuxer, Close> file_;
  int32_t height_;
  int32_t width_;
};

/* The version of libwebp that decodes, as text. */
std::string webp_version();

}  // namespace invp::image

#endif
