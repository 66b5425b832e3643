/* A growing array aligned to a cache line, not initialised, never shrunk. */
#ifndef INVP_BANK_ALIGNED_H
#define INVP_BANK_ALIGNED_H

#include <cstddef>
#include <memory>
#include <new>

namespace invp::bank {

template <typename T>
class AlignedArray {
 public:
  T* data() const { return data_.get(); }
  T& operator[](size_t i) const { return data_.get()[i]; }

  /* Room for `size` elements; the contents are lost when it has to grow. */
  void reserve(size_t size) {
    if (size <= capacity_) return;
    data_.reset();
    capacity_ = 0;
    data_.reset(static_cast<T*>(::operator new(size * sizeof(T), kAlignment)));
    capacity_ = size;
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(T* memory) const { ::operator delete(memory, kAlignment); }
  };
  std::unique_ptr<T, Free> data_;
  size_t capacity_ = 0;
};

}  // namespace invp::bank

#endif
