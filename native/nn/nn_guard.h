/* The room's guard: LibTorch's exceptions too become a status and one line. A device without enough
 * memory is out of memory; its line says how much was asked for and is free. */
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
  std::string exhausted;
  const int32_t status = guard([&] {
    try {
      body();
    } catch (const c10::OutOfMemoryError& error) {
      exhausted = "LibTorch: " + first_line(error.what_without_backtrace());
    } catch (const c10::Error& error) {
      throw BackendFailure("LibTorch: " + first_line(error.what_without_backtrace()));
    }
  });
  return exhausted.empty() ? status : failed(INVP_OUT_OF_MEMORY, exhausted.c_str());
}

}  // namespace invp::nn

#endif
