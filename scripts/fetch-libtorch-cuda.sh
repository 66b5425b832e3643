#!/usr/bin/env bash
# Puts LibTorch's CUDA build and NVIDIA's libraries that it needs into a folder: fetch-libtorch-cuda.sh DIR.
# LibTorch and what Maven Central has come through the profile `cuda`; a CUDA toolkit (CUDA_HOME, else
# /usr/local/cuda) goes before that; the rest (cuBLAS, cuSPARSE, cuDNN, NCCL) comes from NVIDIA's Python wheels.
# About 2 GB to download the first time and 4 GB on the disk.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "$1")
version=2.13.0
libtorch=(libgomp.so.1 libc10.so libtorch_cpu.so libc10_cuda.so libtorch_cuda.so libtorch.so)
openblas=(libquadmath.so.0 libgfortran.so.5 libopenblas.so.0)
nvidia=(libcudart.so.13 libcublasLt.so.13 libcublas.so.13 libcupti.so.13 libnvJitLink.so.13 libcusparse.so.12
  libcufft.so.12 libcurand.so.10 libcufile.so.0 libnvrtc.so.13 libnccl.so.2 libcudnn.so.9)
wheels=('nvidia-cublas>=13,<14' 'nvidia-cusparse>=12,<13' 'nvidia-nccl-cu13>=2,<3' 'nvidia-cudnn-cu13>=9,<10')

fail() {
  echo "fetch-libtorch-cuda: $*" >&2
  exit 1
}

[ "$(uname -sm)" = "Linux x86_64" ] || fail "no packaged LibTorch with CUDA for $(uname -sm)"
wanted="$version $(sed -n 's/.*<\(pytorch\|cuda\)\.version>\(.*\)<.*/\2/p' pom.xml | paste -sd' ')"
[ "$(cat "$target/STAMP" 2>/dev/null)" != "$wanted" ] || exit 0
rm -rf "$target"
mkdir -p "$target/jars" "$target/wheels"

echo "LibTorch $version for CUDA: libraries from Maven"
scripts/mvn.sh -q -Pcuda org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DincludeGroupIds=org.bytedeco -DoutputDirectory="$target/jars" >"$target/mvn.log" 2>&1 ||
  fail "Maven could not fetch the profile's jars ($(grep -m1 ERROR "$target/mvn.log"))"
for file in "${libtorch[@]}" "${openblas[@]}"; do
  for jar in "$target"/jars/pytorch-*-gpu.jar "$target"/jars/openblas-*.jar; do
    unzip -qoj "$jar" "org/bytedeco/*/$file" -d "$target" 2>/dev/null && break
  done
  [ -s "$target/$file" ] || fail "no $file in the jars of the profile cuda"
done

missing=()
for file in "${nvidia[@]}"; do
  toolkit=${CUDA_HOME:-/usr/local/cuda}/lib64/$file
  if [ -e "$toolkit" ]; then
    ln -s "$(realpath "$toolkit")" "$target/$file"
  elif ! unzip -qoj "$target"/jars/cuda-redist-*.jar "org/bytedeco/cuda/*/$file" -d "$target" 2>/dev/null; then
    missing+=("$file")
  fi
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "LibTorch $version for CUDA: ${missing[*]} from NVIDIA's wheels"
  PIP_RETRIES=0 python3 -m pip download --quiet --no-deps --dest "$target/wheels" "${wheels[@]}" >"$target/pip.log" 2>&1 ||
    fail "pip could not download ${wheels[*]} ($(grep -m1 ERROR "$target/pip.log"))"
  for wheel in "$target"/wheels/*.whl; do
    unzip -qoj "$wheel" '*.so*' -d "$target"
    unzip -qoj "$wheel" '*/include/cublas*.h' '*/include/nccl.h' -d "$target/include" 2>/dev/null || true
  done
fi
for file in "${nvidia[@]}"; do
  [ -s "$target/$file" ] || fail "$file is nowhere"
done
rm -rf "$target/wheels"
echo "$wanted" >"$target/STAMP"
