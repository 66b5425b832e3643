/*
 * Drives a fuzz target without libFuzzer, with any compiler: SECONDS [SEED [RUN]] runs it on random
 * inputs, each from the seed and its number alone. A finding ends the process and names them; given
 * both, that one input is run.
 */
#include <sanitizer/common_interface_defs.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

unsigned long long seed = 0, run = 0;

void name_the_input() {
  std::fprintf(stderr, "fuzz: input %llu of seed %llu; again: with the arguments 0 %llu %llu\n",
               run, seed, seed, run);
}

void abort_with_the_input(int) {
  name_the_input();
  std::_Exit(1);
}

void run_one() {
  std::seed_seq sequence{seed, seed >> 32, run, run >> 32};
  std::mt19937 random(sequence);
  std::vector<uint8_t> input(64 + random() % 448);
  for (uint8_t& byte : input) byte = static_cast<uint8_t>(random());
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int arguments, char** values) {
  if (arguments < 2) {
    std::fprintf(stderr, "usage: %s SECONDS [SEED [RUN]]\n", values[0]);
    return 2;
  }
  const double seconds = std::atof(values[1]);
  seed = arguments > 2 ? std::strtoull(values[2], nullptr, 10) : std::random_device{}();
  __sanitizer_set_death_callback(name_the_input);
  std::signal(SIGABRT, abort_with_the_input);
  if (arguments > 3) {
    run = std::strtoull(values[3], nullptr, 10);
    run_one();
    return 0;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (run = 0; std::chrono::steady_clock::now() < end; ++run) run_one();
  std::printf("Done %llu runs, seed %llu\n", run, seed);
  return 0;
}
