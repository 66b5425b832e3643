/* Every function of invp/image.h with drawn arguments; see call.h. What is in a JPEG file is
 * image_fuzz's. */
#include "call.h"
#include "invp/image.h"

namespace {

using invp::fuzz::Call;
using invp::fuzz::Choices;

invp_image_workspace* workspace(Call& call) {
  static invp_image_workspace* const made = [] {
    invp_image_workspace* created = nullptr;
    if (invp_image_workspace_create(&created) != INVP_OK) std::abort();
    return created;
  }();
  return call.choices().once_in(200) ? nullptr : made;
}

/* Whether an extent is one, and small enough for three to be multiplied. */
bool sane(int32_t extent) { return extent > 0 && extent < 1 << 17; }

/* What is usual, or now and then what no caller should say. */
double range(Call& call, double usual) {
  if (!call.choices().once_in(60)) return usual;
  return call.choices().one_of({-1.0, 0.0, 1e-300, 0.5, 2.0, 1e300,
                                std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN()});
}

template <typename View>
void common(Call& call, View& view) {
  view.channels = call.choices().once_in(60) ? call.size(4) : call.choices().one_of({1, 3});
  view.height = call.size(40);
  view.width = call.size(40);
  for (int c = 0; c < 3; ++c) {
    view.mean[c] = static_cast<float>(range(call, 0.5));
    view.deviation[c] = static_cast<float>(range(call, 0.25));
  }
  view.decode = call.choice(1);
  view.exif = call.choice(1);
}

const invp_image_augmentation* augmentation(Call& call, int64_t& floats) {
  auto* const memory = call.alone<invp_image_augmentation>();
  floats = 0;
  if (memory == nullptr) return nullptr;
  invp_image_augmentation a{};
  common(call, a);
  a.area_low = range(call, call.choices().one_of({1e-6, 0.2, 1.0}));
  a.area_high = range(call, 1);
  a.ratio_low = range(call, call.choices().one_of({0.01, 0.75}));
  a.ratio_high = range(call, call.choices().one_of({4.0 / 3, 1000.0}));
  a.brightness = range(call, 0.4);
  a.contrast = range(call, 0.4);
  a.saturation = range(call, 0.4);
  a.hue = range(call, call.choices().one_of({0.1, 0.5}));
  a.jitter_probability = range(call, 0.8);
  a.gray_probability = range(call, 0.2);
  a.blur_low = range(call, 0.1);
  a.blur_high = range(call, call.choices().one_of({2.0, 100.0}));
  a.blur_probability = range(call, 0.5);
  a.flip_probability = range(call, 0.5);
  *memory = a;
  const bool whole = sane(a.channels) && sane(a.height) && sane(a.width);
  floats = whole ? int64_t{a.channels} * a.height * a.width : 0;
  return memory;
}

/* An image as it is handed over: pixels, or bytes that say they are a JPEG. */
struct Image {
  int32_t encoding, height, width, channels;
  int64_t bytes;
  const void* data;

  explicit Image(Call& call)
      : encoding(call.choice(1)),
        height(call.size(60)),
        width(call.size(60)),
        channels(call.choices().once_in(60) ? call.size(4) : call.choices().one_of({1, 3})) {
    const bool whole = sane(height) && sane(width) && sane(channels);
    bytes = call.choices().once_in(20) ? call.size(4000)
            : whole                    ? int64_t{height} * width * channels
                                       : 0;
    auto* const memory = const_cast<uint8_t*>(call.input<uint8_t>({bytes}));
    data = memory;
    constexpr uint8_t kStart[] = {0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0, 9, 0, 9, 3};
    for (int64_t i = 0; memory != nullptr && i < bytes && i < 400; ++i) {
      memory[i] = static_cast<size_t>(i) < sizeof kStart && encoding == INVP_IMAGE_JPEG
                      ? kStart[i]
                      : static_cast<uint8_t>(call.choices().number());
    }
  }
};

int32_t draw(Call& call) {
  int64_t floats = 0;
  const auto* const a = augmentation(call, floats);
  const int32_t height = call.size(100'000), width = call.size(100'000);
  auto* const draws = call.output<invp_image_draws>({1});
  call.begin();
  return invp_image_draw(a, height, width, call.choices().long_number(), 1, 2, draws);
}

int32_t check(Call& call) {
  int64_t floats = 0;
  const auto* const a = augmentation(call, floats);
  call.begin();
  return invp_image_check(a);
}

int32_t apply(Call& call) {
  int64_t floats = 0;
  const auto* const a = augmentation(call, floats);
  auto* const draws = call.alone<invp_image_draws>();
  const Image image(call);
  auto* const output = call.output<float>({floats});
  if (draws != nullptr) {
    const invp_image_draws none{};
    *draws = none;
    draws->crop_height = image.height;
    draws->crop_width = image.width;
    if (call.choices().once_in(2)) {
      draws->crop_top = call.choice(20);
      draws->crop_left = call.choice(20);
      draws->crop_height = call.size(40);
      draws->crop_width = call.size(40);
    }
    draws->jitter_count = call.choice(4);
    for (int i = 0; i < 4; ++i) {
      draws->jitter[i] = call.choice(3);
      draws->factor[i] = static_cast<float>(range(call, 0.3));
    }
    draws->gray = call.choice(1);
    draws->flip = call.choice(1);
    draws->blur_deviation = static_cast<float>(range(call, call.choices().one_of({0.0, 1.5})));
  }
  call.begin();
  return invp_image_apply(workspace(call), a, draws, image.data, image.bytes, image.encoding,
                          image.height, image.width, image.channels, output);
}

int32_t augment(Call& call) {
  int64_t floats = 0;
  const auto* const a = augmentation(call, floats);
  const Image image(call);
  auto* const output = call.output<float>({floats});
  call.begin();
  return invp_image_augment(workspace(call), a, call.choices().long_number(), 1, 2, image.data,
                            image.bytes, image.encoding, image.height, image.width, image.channels,
                            output);
}

int32_t evaluate(Call& call) {
  auto* const memory = call.alone<invp_image_evaluation>();
  invp_image_evaluation view{};
  common(call, view);
  view.resize = call.choices().once_in(3) ? 0 : call.size(90);
  if (memory != nullptr) *memory = view;
  const Image image(call);
  const bool whole = sane(view.channels) && sane(view.height) && sane(view.width);
  auto* const output =
      call.output<float>({whole ? int64_t{view.channels} * view.height * view.width : 0});
  call.begin();
  return invp_image_evaluate(workspace(call), memory, image.data, image.bytes, image.encoding,
                             image.height, image.width, image.channels, output);
}

int32_t jpeg(Call& call) {
  const Image image(call);
  if (call.choices().once_in(2)) {
    const int64_t capacity = call.size(4000);
    auto* const pixels = call.output<uint8_t>({capacity});
    call.begin();
    return invp_image_jpeg_decode(workspace(call), image.data, image.bytes, image.channels, pixels,
                                  capacity);
  }
  auto* const height = call.output<int32_t>({1});
  auto* const width = call.output<int32_t>({1});
  auto* const components = call.output<int32_t>({1});
  auto* const orientation = call.output<int32_t>({1});
  call.begin();
  return invp_image_jpeg_header(workspace(call), image.data, image.bytes, height, width, components,
                                orientation);
}

int32_t workspaces(Call& call) {
  invp_image_workspace* made = nullptr;
  int32_t status = invp_image_workspace_create(call.choices().once_in(4) ? nullptr : &made);
  if (made != nullptr) status = invp_image_workspace_destroy(made);
  invp_image_workspace_destroy(nullptr);
  invp_image_build_info(nullptr, -1);
  call.begin();
  return status;
}

using Function = int32_t (*)(Call&);

constexpr struct {
  const char* name;
  Function call;
} kFunctions[] = {{"draw", draw},           {"check", check},
                  {"apply", apply},         {"augment", augment},
                  {"evaluate", evaluate},   {"jpeg_header or jpeg_decode", jpeg},
                  {"workspace", workspaces}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  const auto& function = kFunctions[choices.number() % std::size(kFunctions)];
  Call call(function.name, choices);
  call.end(function.call(call), invp_image_last_error);
  return 0;
}
