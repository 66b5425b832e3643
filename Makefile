.PHONY: deps native

deps:
	@scripts/fetch-libtorch.sh

native: deps
	@cmake -S native -B build/native -DCMAKE_BUILD_TYPE=Release
	@cmake --build build/native -j2
