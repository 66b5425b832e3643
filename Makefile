# Every target does its own set-up; a second run does no work twice.
MAKEFLAGS += --no-print-directory
comma := ,
space := $() $()
RUN ?= runs/demo
SEED ?= 0
JOBS ?= $(shell nproc)
VERSION := $(shell sed -n 's/^  <version>\(.*\)<\/version>/\1/p' pom.xml)
DIST := invp-$(VERSION)-linux-$(shell uname -m)
MVN := scripts/mvn.sh

.PHONY: test-more fuzz test-simt cuda cuda-link cuda-report cuda-coverage
.PHONY: test-cuda bench-cuda
.PHONY: demo-distributed docs
.PHONY: help setup deps native package bindings check lint test test-native sanitize test-aarch64 test-golden test-trainer-jar demo reproduce dist \
	chaos soak \
	bench bench-jar jmh example format check-format clean

help:
	@echo "make demo         train on Fashion-MNIST and show what it learned (minutes on 2 cores); SEED=n for another seed"
	@echo "make demo-distributed  the same by two processes, each with half of the memory bank"
	@echo "make reproduce    the runs of docs/results/protocol.md (days; resumes); ARGS='--data fashion-mnist --arms easy' for some"
	@echo "make check        compile, layout, lint and the fast tests: before every commit"
	@echo "make test         build everything and run all tests"
	@echo "make test-more    the bank's and the images' native tests under ASan, UBSan and TSan, and the C interfaces fuzzed"
	@echo "make native       the native libraries, into build/native/lib"
	@echo "make package      target/invp-$(VERSION).jar and target/invp-trainer.jar"
	@echo "make dist         a relocatable folder, packed: dist/$(DIST).tar.gz"
	@echo "make test-golden  the golden cases alone (INVP_GOLDEN=DIR reads another folder)"
	@echo "make test-cuda    the bank's tests on a CUDA device; INVP_DEVICE=cuda:1 for another than the first"
	@echo "make bench-cuda   the bank's speed on a CUDA device, into bench/results/cuda-<gpu>.json"
	@echo "make test-native  the native tests alone; SANITIZE=address,undefined for a sanitizer build"
	@echo "make sanitize     the native tests under ASan and UBSan, then under TSan; ROOMS='bank image' for some"
	@echo "make fuzz         every reader of outside bytes, every C interface, for FUZZ_SECONDS each; ARGS='npy abi-nn' for some"
	@echo "make test-aarch64 the bank's tests built for aarch64, under emulation: NEON must give the same bits"
	@echo "make cuda         libinvp_bank_cuda.so, where nvcc is found"
	@echo "make cuda-link    libinvp_nn_cuda.so, the networks' CUDA build, against LibTorch's (2 GB to download)"
	@echo "make cuda-report  registers, shared memory, occupancy and roofline of every kernel against the committed budget"
	@echo "make cuda-coverage which lines of the kernels the tests run"
	@echo "make test-simt    the kernels on the emulated device under 200 schedules each, and the seeded mutants"
	@echo "make chaos        120 kills, 30 signals and 2 suspensions of a small run, by one process and by several, compared with the unbroken one (10 minutes)"
	@echo "make soak         30 minutes of training: memory, file handles and threads stay; MINUTES=5 for fewer"
	@echo "make bench        speed and memory beside PyTorch and Faiss; ONLY=step,nearest for a part"
	@echo "make jmh          the JMH benchmarks; ARGS='...' goes to JMH"
	@echo "make example      the program of docs/embedding-in-your-program.md, which uses the memory bank alone"
	@echo "make docs         the figures of README.md and docs from the results files; make test fails where they differ"
	@echo "make bindings     the Java bindings anew, with JEXTRACT=/path/to/jextract"
	@echo "make format       lay out Java and native code"
	@echo "make clean        remove what was built; .deps and runs stay"

setup:
	@scripts/setup.sh

deps: setup
	@scripts/fetch-libtorch.sh

# A sanitizer build has a tree of its own.
NATIVE_BUILD := build/native$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
ROOMS ?= bank image nn

# TSan of older compilers cannot live with all of a newer kernel's address randomisation.
FIXED := $(if $(filter thread,$(SANITIZE)),$(shell setarch -R true 2>/dev/null && echo setarch -R))

native: deps
	@mkdir -p $(NATIVE_BUILD)
	@cmake -S native -B $(NATIVE_BUILD) -DCMAKE_BUILD_TYPE=Release -DINVP_SANITIZE=$(SANITIZE) \
		-DINVP_ROOMS="$(subst $(space),;,$(strip $(ROOMS)))" \
		>$(NATIVE_BUILD)/configure.log 2>&1 || { cat $(NATIVE_BUILD)/configure.log >&2; exit 1; }
	@$(FIXED) cmake --build $(NATIVE_BUILD) --parallel $(JOBS)

package: native
	@$(MVN) -q package -DskipTests

bindings:
	@bindings/generate.sh

test-native: native
	$(FIXED) ctest --test-dir $(NATIVE_BUILD) --output-on-failure --parallel $(JOBS)

# Not the networks under TSan: LibTorch and its OpenMP are built without it, so that it cannot see how they
# synchronise and reports races that are none.
sanitize:
	@$(MAKE) test-native SANITIZE=address,undefined
	@$(MAKE) test-native SANITIZE=thread ROOMS="$(filter-out nn,$(ROOMS))"

# 200 schedules of every kernel, then every mutant must be caught: minutes.
test-simt: native
	INVP_SCHEDULES=200 $(NATIVE_BUILD)/tests/bank_cuda/bank_cuda_tests --gtest_filter='*schedule*'
	scripts/test-mutants.sh $(NATIVE_BUILD)

cuda: native
	@cmake --build $(NATIVE_BUILD) --parallel $(JOBS) --target invp_bank_cuda

# LibTorch's CUDA build comes through Maven and NVIDIA's wheels (2 GB), once; then libinvp_nn_cuda.so is compiled and
# linked, and loaded as far as a machine without a driver can.
cuda-link: native
	@scripts/fetch-libtorch-cuda.sh $(NATIVE_BUILD)/libtorch-cuda
	@cmake $(NATIVE_BUILD) >$(NATIVE_BUILD)/configure.log 2>&1 || { cat $(NATIVE_BUILD)/configure.log >&2; exit 1; }
	@cmake --build $(NATIVE_BUILD) --parallel $(JOBS) --target invp_nn_cuda
	@CUBLAS_INCLUDE=$(NATIVE_BUILD)/libtorch-cuda/include $(MVN) -q test -Dtest=CudaNetworkTest,CudaBindingsTest

cuda-report: cuda
	@python3 scripts/cuda-report.py $(NATIVE_BUILD)/bank/cuda $(ARGS)

cuda-coverage: setup
	@scripts/cuda-coverage.sh

test-aarch64: setup
	scripts/test-aarch64.sh

lint: setup
	@scripts/setup.sh lint
	@scripts/lint.sh

# Before every commit: what is tagged "slow" or needs another JVM is left to `make test`.
check: native check-format lint
	@$(MVN) -q spotless:check test -DexcludedGroups=slow -Dfuzz.skip=true

test: native check-format lint test-native
	@scripts/setup.sh browser
	$(MVN) spotless:check verify
	scripts/test-trainer-jar.sh

# What takes too long for every change, but must pass before one lands. The networks' tests under ASan too, by hand:
# `make sanitize`.
ABI_SECONDS ?= 25
test-more:
	@$(MAKE) sanitize ROOMS="bank image"
	ABI_SEED=1 scripts/fuzz.sh $(ABI_SECONDS) abi-bank abi-cuda abi-image

# FUZZ_SECONDS of each target; ARGS='npy jpeg' for some.
FUZZ_SECONDS ?= 60
fuzz: native
	scripts/fuzz.sh $(FUZZ_SECONDS) $(ARGS)

test-golden: native
	$(MVN) test -Dtest=GoldenTest

# Need a CUDA device; without one each ends with the line that says what is missing.
test-cuda: package
	@scripts/with-cuda.sh test

bench-cuda: bench-jar
	@scripts/with-cuda.sh bench

test-trainer-jar: package
	scripts/test-trainer-jar.sh

check-format: setup
	@scripts/setup.sh format
	@scripts/format-native.sh

format: setup
	@scripts/setup.sh format
	@scripts/format-native.sh --fix
	@$(MVN) -q spotless:apply

demo: package
	@data=$$(scripts/fetch-fashion-mnist.sh) && \
		bin/invp train configs/fashion-mnist.yaml --run-dir $(RUN) --overwrite \
			--set data.path="$$data" --set seed=$(SEED) $(ARGS) && \
		bin/invp report $(RUN)

# As demo, by two processes with half of the memory bank each.
demo-distributed: package
	@data=$$(scripts/fetch-fashion-mnist.sh) && \
		bin/invp train configs/fashion-mnist.yaml --ranks 2 --run-dir $(RUN)-distributed --overwrite \
			--set data.path="$$data" --set seed=$(SEED) $(ARGS) && \
		bin/invp report $(RUN)-distributed

# ARGS='--data fashion-mnist --arms lambda-0,hard-paper --seeds 1000-1002' for some; CIFAR-10 needs --cifar10 PATH.
reproduce: bench-jar
	@data=$$(scripts/fetch-fashion-mnist.sh) && python3 scripts/reproduce.py --fashion-mnist "$$data" $(ARGS)

docs:
	@python3 scripts/experiment.py $(ARGS)
	@python3 scripts/figures.py $(ARGS)

chaos: package
	@python3 scripts/chaos.py $(ARGS)

soak: package
	@data=$$(scripts/fetch-fashion-mnist.sh) && \
		python3 scripts/soak.py --data "$$data" $(if $(MINUTES),--minutes $(MINUTES)) $(ARGS)

dist: package
	@rm -rf build/dist
	@mkdir -p build/dist/$(DIST)/bin build/dist/$(DIST)/lib dist
	@cp bin/invp build/dist/$(DIST)/bin/
	@cp target/invp-trainer.jar scripts/find-jdk.sh build/dist/$(DIST)/lib/
	@cp -r configs README.md LICENSE NOTICE licenses build/dist/$(DIST)/
	@tar -C build/dist -czf dist/$(DIST).tar.gz $(DIST)
	@echo "dist/$(DIST).tar.gz"

# PEERS_PYTHON names a Python with torch and faiss (bench/peers/README.md); ARGS='...' goes to bench/run.py.
bench: package
	@python3 bench/run.py $(if $(ONLY),--only $(ONLY)) $(if $(THREADS),--threads $(THREADS)) $(ARGS)

# The JMH benchmarks, and the controls that train through the library's API.
bench-jar: package
	@$(MVN) -q install:install-file -Dfile=target/invp-$(VERSION).jar -DpomFile=pom.xml
	@$(MVN) -q -f bench/pom.xml package

jmh: bench-jar
	@"$$(scripts/find-jdk.sh)/bin/java" --enable-native-access=ALL-UNNAMED -Dinvp.libtorch=.deps/libtorch \
		-jar bench/target/benchmarks.jar $(ARGS)

example: package
	@$(MVN) -q install:install-file -Dfile=target/invp-$(VERSION).jar -DpomFile=pom.xml
	@$(MVN) -q -f examples/pom.xml package
	@"$$(scripts/find-jdk.sh)/bin/java" -jar examples/target/invp-examples.jar

clean:
	rm -rf build target bench/target examples/target dist
