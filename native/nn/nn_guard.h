/* The room's guard: LibTorch's exceptions too become a status and one line. */
#ifndef INVP_NN_NN_GUARD_H
#define INVP_NN_NN_GUARD_H

#include <c10/util/Exception.h>

#include "guard.h"

namespace invp::nn {

inline std::string first_line(const char* text) {
  const std::string all(text);
  return all.substr(0, all.find('\n'));
}

template <typename Body>
int32_t nn_guard(Body&& body) noexcept {
  return guard([&] {
    try {
      body();
    } catch (const c10::Error& error) {
      throw BackendFailure("LibTorch: " + first_line(error.what_without_backtrace()));
    }
  });
}

}  // namespace invp::nn

#endif
