// Prints a .npy file as this program reads it: the shape, then the values as C99 hexadecimal numbers; two-dimensional ones by blocks of rows.
#include <algorithm>
#include <cstdio>

#include "artifact/npy.hpp"
#include "base/error.hpp"

int main(int argc, char** argv) {
  try {
    const goracs::NpyFile file(argc > 1 ? argv[1] : "");
    for (const std::int64_t extent : file.shape()) std::printf("%lld ", static_cast<long long>(extent));
    std::printf("\n");
    for (const double value : file.values()) std::printf("%a\n", value);
    if (file.shape().size() != 2) return 0;
    constexpr std::int64_t kBlock = 7;
    for (std::int64_t first = 0; first < file.shape()[0]; first += kBlock) {
      goracs::Matrix<float> rows(std::min(kBlock, file.shape()[0] - first), file.shape()[1]);
      file.read_rows(first, rows);
      for (std::int64_t k = 0; k < rows.rows() * rows.cols(); ++k) std::printf("%a\n", static_cast<double>(rows.data()[k]));
    }
  } catch (const goracs::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
