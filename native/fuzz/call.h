/*
 * One call of a C interface with arguments drawn from a fuzzer's input: sizes, ids, values, NULL,
 * and arrays that lie over one another. Each array has exactly the bytes that its extents state, so
 * that AddressSanitizer sees a step beyond; what is stated of memory is always true, since no
 * callee can check that. Afterwards the call must have ended in a status that blames nobody but
 * the caller, must not have changed what it only reads, and must not have accepted a NULL, or an
 * output that shares memory with another array.
 */
#ifndef INVP_FUZZ_CALL_H
#define INVP_FUZZ_CALL_H

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "invp/status.h"

namespace invp::fuzz {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

/* Numbers from the input; zeros behind its end. */
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint32_t number() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | (at_ < size_ ? data_[at_++] : 0u);
    return value;
  }
  uint64_t long_number() { return uint64_t{number()} << 32 | number(); }
  int32_t between(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(number() % (static_cast<uint32_t>(high - low) + 1));
  }
  /* True once in `n`, and never behind the end. */
  bool once_in(uint32_t n) { return number() % n == n - 1; }

  template <typename T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[number() % values.size()];
  }

 private:
  const uint8_t* data_;
  size_t size_, at_ = 0;
};

/* How the ids of a row are drawn: in any order, ascending, or as a list that -1 may end. */
enum class Order { kAny, kAscending, kPadded };

class Call {
 public:
  explicit Call(const char* name, Choices& choices)
      : name_(name), choices_(choices), random_(choices.number()) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    for (const Block& block : blocks_) ::operator delete(block.memory, kAlignment);
  }

  Choices& choices() { return choices_; }

  /* 1 to `most`, now and then none, negative or huge. */
  int32_t size(int32_t most) {
    if (choices_.once_in(40))
      return choices_.one_of({0, -1, -3, 65536, std::numeric_limits<int32_t>::max(),
                              std::numeric_limits<int32_t>::min()});
    return choices_.between(1, most);
  }

  /* 0 to `most`, now and then something else. */
  int32_t choice(int32_t most) {
    return choices_.once_in(40) ? choices_.one_of({-1, most + 1, 1 << 30})
                                : choices_.between(0, most);
  }

  float positive(float usual) {
    if (!choices_.once_in(20)) return usual;
    return choices_.one_of({0.0f, -1.0f, 1e-39f, 1e-3f, 3e38f,
                            std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()});
  }

  using Extents = std::initializer_list<int64_t>;

  const float* floats(Extents extents) {
    auto* memory = array<float>(extents, false, false);
    fill(memory);
    return memory;
  }

  /* Ids in [first, end), now and then one outside. */
  const int32_t* ids(Extents extents, int64_t first, int64_t end, Order order = Order::kAny) {
    auto* memory = array<int32_t>(extents, false, false);
    fill_ids(memory, first, end, choices_.once_in(20) ? Order::kAny : order, *(extents.end() - 1));
    return memory;
  }

  /* What is read as well as written. */
  float* changed_floats(Extents extents) {
    auto* memory = array<float>(extents, true, false);
    fill(memory);
    return memory;
  }
  int32_t* changed_ids(Extents extents, int64_t first, int64_t end) {
    auto* memory = array<int32_t>(extents, true, false);
    fill_ids(memory, first, end, Order::kAny, 1);
    return memory;
  }

  template <typename T>
  const T* input(Extents extents) {
    return array<T>(extents, false, false);
  }
  /* One that no other array lies over, for what the extents of others follow from. */
  template <typename T>
  T* alone() {
    auto* const memory = array<T>({1}, false, false, true);
    if (memory != nullptr) blocks_.back().alone = true;
    return memory;
  }
  template <typename T>
  T* output(Extents extents) {
    return array<T>(extents, true, false);
  }
  /* May be NULL. */
  template <typename T>
  T* optional_output(Extents extents) {
    return array<T>(extents, true, true);
  }

  /* Writing over the array at `memory` as a whole is allowed to the last output. */
  template <typename T>
  T* in_place(const T* memory, Extents extents) {
    for (size_t i = 0; i < arrays_.size(); ++i) {
      if (memory != nullptr && arrays_[i].memory == memory && bytes_of(sizeof(T), extents) > 0) {
        arrays_[i].written = true;
        return const_cast<T*>(memory);
      }
    }
    return output<T>(extents);
  }

  /* Call it between drawing the last argument and the call. */
  void begin() {
    for (Block& block : blocks_) block.before.assign(block.memory, block.memory + block.bytes);
  }

  void end(int32_t status, int64_t (*last_error)(char*, int64_t)) {
    char text[512] = "";
    last_error(text, sizeof text);
    const std::string what = std::string(name_) + ": ";
    if (status != INVP_OK && status != INVP_INVALID_ARGUMENT && status != INVP_INVALID_DATA &&
        status != INVP_OUT_OF_MEMORY)
      fail(what + "status " + std::to_string(status) + ", " + text);
    if (status != INVP_OK && text[0] == '\0') fail(what + "a refusal without a word");
    if (status == INVP_OK && null_) fail(what + "a NULL was accepted");
    if (status == INVP_OK && overlap()) fail(what + "an output over another array was accepted");
    for (const Array& array : arrays_) {
      if (array.written && status != INVP_INVALID_ARGUMENT) continue;
      // A refused call has written nothing at all.
      const Block& block = blocks_[array.block];
      if (!changes_on_refusal && !shares_with_output(array) &&
          !same(block, array.offset, array.bytes))
        fail(what + "memory changed that is only read, or by a call that was refused: " + text);
    }
  }

  /* For a call that may write its first array as a whole. */
  bool may_be_in_place = false;

  /* For a call whose contract is to sort its inputs before it may refuse. */
  bool changes_on_refusal = false;

 private:
  static constexpr std::align_val_t kAlignment{16};
  static constexpr size_t kMostBytes = size_t{1} << 20;

  struct Block {
    unsigned char* memory;
    size_t bytes;
    std::vector<unsigned char> before;
    bool alone = false;
  };
  struct Array {
    const void* memory;
    size_t block, offset, bytes;
    bool written;
  };

  static size_t bytes_of(size_t size, Extents extents) {
    for (const int64_t extent : extents) {
      if (extent <= 0) return 0;
    }
    for (const int64_t extent : extents) {
      if (size > kMostBytes || extent > static_cast<int64_t>(kMostBytes)) return kMostBytes + 1;
      size *= static_cast<size_t>(extent);
    }
    return size;
  }

  template <typename T>
  T* array(Extents extents, bool written, bool optional, bool alone = false) {
    const size_t bytes = bytes_of(sizeof(T), extents);
    // Nobody has so much memory, so nobody states it.
    if (bytes > kMostBytes || choices_.once_in(optional ? 3 : 60)) {
      null_ = null_ || !optional;
      return nullptr;
    }
    if (!alone && !blocks_.empty() && choices_.once_in(40)) {
      const size_t block = choices_.number() % blocks_.size();
      if (blocks_[block].bytes >= bytes && !blocks_[block].alone) {
        const size_t room = (blocks_[block].bytes - bytes) / 16;
        const size_t offset = room == 0 ? 0 : choices_.number() % (room + 1) * 16;
        arrays_.push_back({blocks_[block].memory + offset, block, offset, bytes, written});
        return reinterpret_cast<T*>(blocks_[block].memory + offset);
      }
    }
    auto* memory = static_cast<unsigned char*>(::operator new(bytes, kAlignment));
    std::memset(memory, 0, bytes);
    blocks_.push_back({memory, bytes, {}, false});
    arrays_.push_back({memory, blocks_.size() - 1, 0, bytes, written});
    return reinterpret_cast<T*>(memory);
  }

  size_t last_count(size_t size) const { return arrays_.back().bytes / size; }

  void fill(float* memory) {
    if (memory == nullptr) return;
    std::uniform_real_distribution<float> unit(-1, 1);
    const float scale = choices_.once_in(20) ? choices_.one_of({1e-30f, 1e5f, 1e20f, 3e38f}) : 1;
    const size_t count = last_count(sizeof(float));
    for (size_t i = 0; i < count; ++i) memory[i] = unit(random_) * scale;
    if (count > 0 && choices_.once_in(20))
      memory[random_() % count] = choices_.one_of({std::numeric_limits<float>::quiet_NaN(),
                                                   std::numeric_limits<float>::infinity(),
                                                   -std::numeric_limits<float>::infinity()});
  }

  void fill_ids(int32_t* memory, int64_t first, int64_t end, Order order, int64_t width) {
    if (memory == nullptr) return;
    const int64_t range = end > first ? end - first : 1;
    const auto count = static_cast<int64_t>(last_count(sizeof(int32_t)));
    const auto step = static_cast<int64_t>(1 + random_() % 3);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t any = static_cast<int64_t>(random_() % static_cast<uint64_t>(range));
      const int64_t place = i % width;
      const bool ended =
          order == Order::kPadded && (random_() % 4 == 0 || (place > 0 && memory[i - 1] == -1));
      const int64_t offset =
          order == Order::kAscending ? std::min<int64_t>(place * step, range - 1) : any;
      memory[i] = ended ? -1 : static_cast<int32_t>(first + offset);
    }
    if (count > 0 && choices_.once_in(12))
      memory[static_cast<int64_t>(random_() % static_cast<uint64_t>(count))] = choices_.one_of(
          {-1, -2, -7, static_cast<int32_t>(end), static_cast<int32_t>(end + 1), 99'999'999,
           std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()});
  }

  static bool overlap(const Array& a, const Array& b) {
    return a.block == b.block && a.bytes > 0 && b.bytes > 0 && a.offset < b.offset + b.bytes &&
           b.offset < a.offset + a.bytes;
  }
  bool overlap() const {
    for (size_t i = 0; i < arrays_.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const bool in_place = may_be_in_place && j == 0 && arrays_[i].memory == arrays_[j].memory;
        if ((arrays_[i].written || arrays_[j].written) && !in_place &&
            overlap(arrays_[i], arrays_[j]))
          return true;
      }
    }
    return false;
  }
  bool shares_with_output(const Array& array) const {
    for (const Array& other : arrays_) {
      if (&other != &array && other.written && overlap(array, other)) return true;
    }
    return false;
  }
  bool same(const Block& block, size_t offset, size_t bytes) const {
    return bytes == 0 ||
           std::memcmp(block.memory + offset, block.before.data() + offset, bytes) == 0;
  }

  const char* name_;
  Choices& choices_;
  std::mt19937 random_;
  std::vector<Block> blocks_;
  std::vector<Array> arrays_;
  bool null_ = false;
};

}  // namespace invp::fuzz

#endif
