/*
 * The arrays of one call, as its checks see them. A call states each with its extents; none may be
 * NULL unless it may be left out, and none that it writes may share memory with another, which
 * would change what is still to be read.
 */
#ifndef INVP_COMMON_ARRAYS_H
#define INVP_COMMON_ARRAYS_H

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>

namespace invp {

struct Array {
  const char* name;
  uintptr_t first;
  uint64_t bytes;
  bool written;
  bool optional;

  bool overlaps(const Array& other) const {
    if (bytes == 0 || other.bytes == 0) return false;
    // By differences: an end may lie beyond the last address.
    return first < other.first ? other.first - first < bytes : first - other.first < other.bytes;
  }
};

inline uint64_t array_bytes(const char* name, size_t size, std::initializer_list<int64_t> extents) {
  uint64_t bytes = size;
  for (const int64_t extent : extents) {
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes)) {
      throw std::invalid_argument(std::string(name) + " has a negative size, or one beyond memory");
    }
  }
  return bytes;
}

/* An array of the given extents that the call reads. */
template <typename T, typename... Extents>
Array reads(const char* name, const T* first, Extents... extents) {
  return {name, reinterpret_cast<uintptr_t>(first),
          array_bytes(name, sizeof(T), {static_cast<int64_t>(extents)...}), false, false};
}

/* An array of the given extents that the call writes, and perhaps reads before. */
template <typename T, typename... Extents>
Array writes(const char* name, T* first, Extents... extents) {
  Array array = reads(name, first, extents...);
  array.written = true;
  return array;
}

/* The same of an array that may be NULL. */
inline Array maybe(Array array) {
  array.optional = true;
  if (array.first == 0) array.bytes = 0;
  return array;
}

inline void require_arrays(std::initializer_list<Array> arrays) {
  for (const Array& array : arrays) {
    if (array.first == 0 && !array.optional)
      throw std::invalid_argument(std::string(array.name) + " is NULL");
  }
  for (const Array* one = arrays.begin(); one != arrays.end(); ++one) {
    for (const Array* other = arrays.begin(); other != one; ++other) {
      if ((one->written || other->written) && one->overlaps(*other)) {
        const Array& output = one->written ? *one : *other;
        const Array& rest = one->written ? *other : *one;
        throw std::invalid_argument(std::string(output.name) + ", which is written, overlaps " +
                                    rest.name);
      }
    }
  }
}

}  // namespace invp

#endif
