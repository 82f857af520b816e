#include <gtest/gtest.h>

#include <cmath>

#include "artifact/npy.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using test::expect_error;

/// A version 1.0 file with this dictionary and these bytes of data.
std::string npy(const std::string& dictionary, const std::string& data = "") {
  const std::string text = dictionary + "\n";
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(text.size() & 255U);
  file += static_cast<char>(text.size() >> 8U);
  return file + text + data;
}

const std::string kTwoByTwo = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }";

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

TEST(NpyHeader, IsReadInAnyOrderOfItsKeys) {
  const NpyHeader header = parse_npy_header(npy("{\"shape\": (3,), 'fortran_order': True, 'descr': '<i8'}"), "a.npy");
  EXPECT_EQ(header.element, NpyElement::kInt64);
  EXPECT_TRUE(header.fortran_order);
  EXPECT_EQ(header.shape, std::vector<std::int64_t>{3});
  EXPECT_EQ(header.num_elements, 3);
}

TEST(NpyHeader, OfAScalarHoldsOneElement) {
  EXPECT_EQ(parse_npy_header(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }"), "a.npy").num_elements, 1);
}

TEST(NpyHeader, ThatIsMalformedIsRefusedWithTheFileAndWhatWasExpected) {
  const auto refused = [](const std::string& bytes, const std::string& why) {
    expect_error(ExitCode::kInput, {"a.npy: ", why}, [&] { parse_npy_header(bytes, "a.npy"); });
  };
  refused("", "not a .npy file");
  refused("\x93NUMPX\x01", "not a .npy file");
  refused(std::string("\x93NUMPY\x04\x00\x01\x00", 10), "version 4.0");
  refused(std::string("\x93NUMPY\x01\x00\xff\x00 ", 11), "ends inside");
  refused(std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f ", 13), "bytes, at most");
  refused(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 2), }"), "type '>f4', expected float16, float32");
  refused(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }"), "type '<c8'");
  refused(npy("{'descr': '<f4', 'fortran_order': False}"), "expected the keys");
  refused(npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}"), "'descr' stands there twice");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2), 'x': 1}"), "unknown key 'x'");
  refused(npy("{'descr': '<f4', 'fortran_order': 0, 'shape': ()}"), "expected True or False");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "expected an extent");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"), "beyond counting");
  refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"), "expected an extent");
  refused(npy(kTwoByTwo + "1"), "after the dictionary");
  refused(npy("{'descr': '<f4"), "a text has no end");
  refused(npy("[1]"), "expected '{'");
}

TEST(NpyFile, GivesBlocksOfRows) {
  const test::TemporaryFolder folder;
  const NpyFile file(folder.file("a.npy", npy(kTwoByTwo, bytes_of({1, 2, 3, 4}))));
  Matrix<float> row(1, 2);
  file.read_rows(1, row);
  EXPECT_EQ(row(0, 0), 3);
  EXPECT_EQ(row(0, 1), 4);
  EXPECT_EQ(file.values(), (std::vector<double>{1, 2, 3, 4}));
}

TEST(NpyFile, OfFortranOrderGivesTheSameRows) {
  const test::TemporaryFolder folder;
  const NpyFile file(folder.file("a.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", bytes_of({1, 3, 2, 4}))));
  Matrix<float> rows(2, 2);
  file.read_rows(0, rows);
  EXPECT_EQ(rows(0, 1), 2);
  EXPECT_EQ(rows(1, 0), 3);
  EXPECT_EQ(file.values(), (std::vector<double>{1, 2, 3, 4}));
}

TEST(NpyFile, OfAnotherSizeThanItsHeaderSaysIsRefused) {
  const test::TemporaryFolder folder;
  for (const std::vector<float>& values : {std::vector<float>{1, 2, 3}, {1, 2, 3, 4, 5}})
    expect_error(ExitCode::kInput, {"a.npy: ", "shape (2, 2)"}, [&] { NpyFile(folder.file("a.npy", npy(kTwoByTwo, bytes_of(values)))); });
  expect_error(ExitCode::kInput, {"missing.npy"}, [&] { NpyFile(folder / "missing.npy"); });
  expect_error(ExitCode::kInput, {"no regular file"}, [&] { NpyFile file(folder.path()); });
}

TEST(NpyFile, RowsThatAreNotThereAreRefused) {
  const test::TemporaryFolder folder;
  const NpyFile file(folder.file("a.npy", npy(kTwoByTwo, bytes_of({1, 2, 3, 4}))));
  Matrix<float> rows(2, 2), wide(1, 3);
  expect_error(ExitCode::kInput, {"rows 1 to 3"}, [&] { file.read_rows(1, rows); });
  expect_error(ExitCode::kInput, {"of 3 columns"}, [&] { file.read_rows(0, wide); });
}

TEST(HalfPrecision, StandsForTheNumbersOfIeee754) {
  EXPECT_EQ(float_of_half(0x3c00), 1.0F);
  EXPECT_EQ(float_of_half(0xc000), -2.0F);
  EXPECT_EQ(float_of_half(0x7bff), 65504.0F);
  EXPECT_EQ(float_of_half(0x0400), std::ldexp(1.0F, -14));
  EXPECT_EQ(float_of_half(0x0001), std::ldexp(1.0F, -24));
  EXPECT_TRUE(std::signbit(float_of_half(0x8000)));
  EXPECT_TRUE(std::isinf(float_of_half(0x7c00)));
  EXPECT_TRUE(std::isnan(float_of_half(0x7e01)));
}

}  // namespace
}  // namespace goracs
