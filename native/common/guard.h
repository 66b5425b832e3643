/*
 * The one door between C++ and C: runs a body, turns every exception into a
 * status code and keeps its message for the calling thread.
 */
#ifndef INVP_COMMON_GUARD_H
#define INVP_COMMON_GUARD_H

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "invp/status.h"

#define INVP_EXPORT extern "C" __attribute__((visibility("default")))

namespace invp {

/* Data that cannot be used: maps to INVP_INVALID_DATA. */
struct InvalidData : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/* A failure inside a library we call: maps to INVP_BACKEND_FAILURE. */
struct BackendFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::string& last_error() {
  thread_local std::string message;
  return message;
}

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

/* Copies text into a caller's buffer, always terminated; returns the full length. */
inline int64_t copy_text(const std::string& text, char* buffer, int64_t capacity) noexcept {
  if (buffer != nullptr && capacity > 0) {
    const auto length = std::min<int64_t>(capacity - 1, static_cast<int64_t>(text.size()));
    std::memcpy(buffer, text.data(), static_cast<size_t>(length));
    buffer[length] = '\0';
  }
  return static_cast<int64_t>(text.size());
}

inline int32_t failed(int32_t status, const char* message) noexcept {
  try {
    last_error() = message;
  } catch (...) {
    // No memory even for the message: the status alone has to do.
  }
  return status;
}

template <typename Body>
int32_t guard(Body&& body) noexcept {
  try {
    std::forward<Body>(body)();
    return INVP_OK;
  } catch (const std::invalid_argument& e) {
    return failed(INVP_INVALID_ARGUMENT, e.what());
  } catch (const std::bad_alloc&) {
    return failed(INVP_OUT_OF_MEMORY, "out of native memory");
  } catch (const InvalidData& e) {
    return failed(INVP_INVALID_DATA, e.what());
  } catch (const BackendFailure& e) {
    return failed(INVP_BACKEND_FAILURE, e.what());
  } catch (const std::exception& e) {
    return failed(INVP_INTERNAL_ERROR, e.what());
  } catch (...) {
    return failed(INVP_INTERNAL_ERROR, "unknown C++ exception");
  }
}

}  // namespace invp

#endif
