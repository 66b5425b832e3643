#include "runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/util/Logging.h>
#include <torch/headeronly/version.h>

#include <atomic>
#include <cstdlib>
#include <mutex>

#include "guard.h"
#include "memory.h"

// There when LibTorch was built with OpenBLAS, else null.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int threads);

namespace invp::nn {
namespace {

std::atomic<int32_t> wanted_threads{0};  // 0: LibTorch's own choice

// Of what its sockets meet, strangers at an open port included, LibTorch warns on the terminal.
// What fails is an exception and reaches the user as one line.
void quieten_log() {
  if (std::getenv("TORCH_CPP_LOG_LEVEL") != nullptr) {
    c10::initLogging();
  } else {
    FLAGS_caffe2_log_level = 3;  // What is fatal.
  }
}

void prepare() {
  quieten_log();
  if (const auto loaded = libtorch_version(); loaded != TORCH_VERSION) {
    throw BackendFailure("LibTorch " + loaded + " is loaded, this build needs " TORCH_VERSION);
  }
  install_block_cache();
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  // Would fill every new tensor with NaN first; nothing here reads what it did not write.
  context.setDeterministicFillUninitializedMemory(false);
  // On a GPU: no choosing of convolutions by timing them, and float32 that is float32.
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  // OpenBLAS has threads of its own, which spin beside OpenMP's; the head's small products, all it
  // does here, are faster without (measured: a quarter of a small network's step).
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(1);
}

}  // namespace

void enter() {
  static std::once_flag once;
  std::call_once(once, prepare);
  // OpenMP keeps the number per calling thread.
  thread_local int32_t applied = 0;
  if (const auto wanted = wanted_threads.load(); wanted != applied) {
    at::set_num_threads(wanted);
    applied = wanted;
  }
}

void set_threads(int32_t threads) {
  if (threads < 1) {
    throw std::invalid_argument("threads is " + std::to_string(threads) + ", at least 1 is needed");
  }
  wanted_threads = threads;
  enter();
}

int32_t threads() {
  enter();
  return at::get_num_threads();
}

std::string libtorch_version() {
  const auto config = at::show_config();
  const std::string key = "TORCH_VERSION=";
  const auto at = config.find(key);
  if (at == std::string::npos) return "unknown";
  const auto begin = at + key.size();
  return config.substr(begin, config.find_first_of(", \n", begin) - begin);
}

std::string cpu_capability() { return at::get_cpu_capability(); }

std::string build_info() {
  return "libtorch " TORCH_VERSION ", compiler " __VERSION__
#ifdef NDEBUG
         ", release";
#else
         ", debug";
#endif
}

}  // namespace invp::nn
