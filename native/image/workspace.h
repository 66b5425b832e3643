/* One worker's scratch: every buffer grows to the largest image seen and stays. */
#ifndef INVP_IMAGE_WORKSPACE_H
#define INVP_IMAGE_WORKSPACE_H

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "blur.h"
#include "invp/image.h"
#include "jpeg.h"
#include "orientation.h"
#include "resample.h"
#include "webp.h"

namespace invp::image {

/* An image whose size is known and whose pixels can be asked for. */
struct Picture {
  int32_t height; /* upright */
  int32_t width;
  int32_t channels;
  Orientation orientation;
  const uint8_t* pixels; /* plain pixels; null for a file, open in the workspace's decoder */
  bool scales;           /* a JPEG, of which any rectangle can be had at a smaller scale */
};

}  // namespace invp::image

struct invp_image_workspace {
 public:
  invp_image_workspace();

  /*
   * Opens an encoded or plain image that will be read as `channels` per pixel (a JPEG is
   * decoded to them, a WebP to three, plain pixels keep their own) and, if `exif` says so,
   * turned upright.
   * The data must stay until it has been read. Throws InvalidData, std::invalid_argument.
   */
  invp::image::Picture open(const void* data, int64_t bytes, int32_t encoding, int32_t height,
                            int32_t width, int32_t channels, int32_t wanted_channels, int32_t exif);

  /* A rectangle of the upright image; decodes all of a file. Valid until the next call. */
  invp::image::Source read(const invp::image::Picture& picture, const invp::image::Region& region);

  /* Likewise, of a JPEG at a DCT scale of eighths / 8; decodes no more than the rectangle. */
  invp::image::Source read_scaled(const invp::image::Picture& picture,
                                  const invp::image::Region& region, int32_t eighths);

  invp_jpeg_header jpeg_header(const void* data, int64_t bytes);
  void jpeg_decode(int32_t channels, uint8_t* pixels);

  /* At least `size` bytes for the view under construction. */
  uint8_t* planes(int64_t size);

  invp::image::Resampler resampler;
  invp::image::Blur blur;

 private:
  struct Close {
    void operator()(invp_jpeg* jpeg) const { invp_jpeg_destroy(jpeg); }
  };

  invp::image::Source upright(const invp::image::Picture& picture,
                              const invp::image::Source& stored);

  std::unique_ptr<invp_jpeg, Close> jpeg_;
  std::optional<invp::image::Webp> webp_; /* while such a file is open */
  std::vector<uint8_t> decoded_;
  std::vector<uint8_t> turned_;
  std::vector<uint8_t> planes_;
};

#endif
