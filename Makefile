.PHONY: deps native bindings

deps:
	@scripts/fetch-libtorch.sh

native: deps
	@cmake -S native -B build/native -DCMAKE_BUILD_TYPE=Release
	@cmake --build build/native -j2

bindings:
	@bindings/generate.sh
