/* One worker's scratch: every buffer grows to the largest image seen and stays. */
#ifndef INVP_IMAGE_WORKSPACE_H
#define INVP_IMAGE_WORKSPACE_H

#include <cstdint>
#include <memory>
#include <vector>

#include "blur.h"
#include "invp/image.h"
#include "jpeg.h"
#include "resample.h"

struct invp_image_workspace {
 public:
  invp_image_workspace();

  /*
   * Reads an encoded or plain image as `channels` per pixel (a JPEG is decoded to
   * them, plain pixels keep their own). Throws InvalidData, std::invalid_argument.
   */
  invp::image::Source open(const void* data, int64_t bytes, int32_t encoding, int32_t height,
                           int32_t width, int32_t channels, int32_t wanted_channels);

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

  std::unique_ptr<invp_jpeg, Close> jpeg_;
  std::vector<uint8_t> decoded_;
  std::vector<uint8_t> planes_;
};

#endif
