#include "execution.h"

#include <ATen/autocast_mode.h>

#include "options.h"

namespace invp::nn {
namespace {

at::Device device_of(const invp_nn_network_options& options) {
  check_execution(options);
  if (options.device == INVP_NN_DEVICE_CPU) return at::kCPU;
  return {at::kCUDA, static_cast<at::DeviceIndex>(options.device_index)};
}

at::ScalarType type_of(int32_t precision) {
  switch (precision) {
    case INVP_NN_PRECISION_BFLOAT16:
      return at::kBFloat16;
    case INVP_NN_PRECISION_FLOAT16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

}  // namespace

Execution::Execution(const invp_nn_network_options& options)
    : device(device_of(options)), precision(type_of(options.precision)) {
  Entered::require(device);
  if (precision == at::kHalf) {
    const Entered here(*this);
    loss_scale = std::make_unique<LossScale>(device);
  }
}

Autocast::Autocast(const Execution& execution)
    : type_(execution.device.type()), active_(execution.precision != at::kFloat) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(type_);
  was_ = at::autocast::get_autocast_dtype(type_);
  at::autocast::set_autocast_enabled(type_, true);
  at::autocast::set_autocast_dtype(type_, execution.precision);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  if (!active_) return;
  // Lower-precision copies of the weights live as long as one pass.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_dtype(type_, was_);
  at::autocast::set_autocast_enabled(type_, was_enabled_);
}

}  // namespace invp::nn
