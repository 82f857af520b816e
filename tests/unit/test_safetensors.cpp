// The safetensors format, byte by byte, and what of it is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "model/mapped_file.hpp"
#include "model/safetensors.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using test::expect_error;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// Length, header, data.
std::string file_of(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

std::map<std::string, TensorView> parsed_safetensors(const std::string& file) { return parse_safetensors(bytes_of(file), "a.safetensors"); }

void expect_refused(const std::string& header, std::size_t data_size, const std::string& why) {
  SCOPED_TRACE(header);
  const std::string file = file_of(header, std::string(data_size, '\0'));
  expect_error(ExitCode::kInput, {"a.safetensors", why}, [&] { parsed_safetensors(file); });
}

TEST(Safetensors, ATensorIsItsNameTypeShapeAndBytes) {
  const std::string data("\x00\x00\x80\x3f\x00\x00\x00\x40\x01\x02\x03", 11);  // 1.0f, 2.0f, then three bytes
  const std::string file = file_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"U8","shape":[3,1],"data_offsets":[8,11]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
      data);
  const auto tensors = parsed_safetensors(file);
  ASSERT_EQ(tensors.size(), 2U);
  const TensorView& a = tensors.at("a");
  EXPECT_EQ(a.dtype, DType::kFloat32);
  EXPECT_EQ(a.shape, (std::vector<std::int64_t>{2}));
  float values[2];
  ASSERT_EQ(a.bytes.size(), sizeof values);
  std::memcpy(values, a.bytes.data(), sizeof values);
  EXPECT_EQ(values[0], 1.0F);
  EXPECT_EQ(values[1], 2.0F);
  EXPECT_EQ(tensors.at("b").shape_text(), "(3, 1)");
  EXPECT_EQ(std::to_integer<int>(tensors.at("b").bytes[2]), 3);
}

TEST(Safetensors, ScalarsAndEmptyTensorsAreTensors) {
  const std::string file =
      file_of(R"({"none":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},"one":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})",
              std::string(4, '\0'));
  const auto tensors = parsed_safetensors(file);
  EXPECT_EQ(tensors.at("one").count(), 1);
  EXPECT_EQ(tensors.at("none").count(), 0);
}

TEST(Safetensors, WhatIsWrittenIsReadAndDataBeginsAligned) {
  const test::TemporaryFolder folder;
  for (const std::size_t name_length : {1U, 2U, 5U, 8U, 61U}) {
    std::vector<float> first(31), second(33);
    std::iota(first.begin(), first.end(), 0.5F);
    std::iota(second.begin(), second.end(), -7.0F);
    const std::string name(name_length, 'x');
    const auto view = [](const std::vector<float>& values, std::vector<std::int64_t> shape) {
      return TensorView{DType::kFloat32, shape, row_major_strides(shape), std::as_bytes(std::span(values))};
    };
    write_safetensors(folder / "t", {{name, view(first, {31})}, {"y", view(second, {3, 11})}});
    const MappedFile file(folder / "t");
    const auto tensors = parse_safetensors(file.bytes(), "t");
    ASSERT_EQ(tensors.size(), 2U);
    EXPECT_EQ(std::memcmp(tensors.at(name).bytes.data(), first.data(), 31 * sizeof(float)), 0);
    EXPECT_EQ(std::memcmp(tensors.at("y").bytes.data(), second.data(), 33 * sizeof(float)), 0);
    EXPECT_EQ(tensors.at("y").shape, (std::vector<std::int64_t>{3, 11}));
    std::uint64_t length = 0;
    std::memcpy(&length, file.bytes().data(), sizeof length);
    EXPECT_EQ(length % 8, 0U);
    const auto header = nlohmann::json::parse(std::string(reinterpret_cast<const char*>(file.bytes().data()) + 8, length));
    EXPECT_EQ(header.at("__metadata__").at("format"), "pt");
  }
}

TEST(Safetensors, AFileCutAnywhereIsRefusedByItsName) {
  const std::string whole = file_of(
      R"({"a":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[6,10]}})", "0123456789");
  EXPECT_EQ(parsed_safetensors(whole).size(), 2U);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    expect_error(ExitCode::kInput, {"a.safetensors"}, [&] { parsed_safetensors(cut); });
  }
  expect_error(ExitCode::kInput, {"a.safetensors", "1 bytes of data behind"}, [&] { parsed_safetensors(whole + "x"); });
}

TEST(Safetensors, KeysThatStandTwiceAreRefused) {
  expect_refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2,
                 "'a' stands twice");
  expect_refused(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1, "'dtype' stands twice");
}

TEST(Safetensors, GapsAndOverlapsAreRefused) {
  expect_refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}})", 3,
                 "gap or overlap");
  expect_refused(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3,
                 "gap or overlap");
  expect_refused(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3, "expected 0");
}

TEST(Safetensors, SizesMustFollowFromTypeAndShape) {
  expect_refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,7]}})", 7, "its dtype and shape ask for 8");
  expect_refused(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8, "'a'");
  expect_refused(R"({"a":{"dtype":"F8","shape":[2],"data_offsets":[0,2]}})", 2, "unknown dtype");
  expect_refused(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "counts");
  expect_refused(R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1, "counts");
  expect_refused(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "too large");
  expect_refused(R"({"a":{"dtype":"U8","shape":[0,18446744073709551615],"data_offsets":[0,0]}})", 0, "'a'");
  expect_refused(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551615]}})", 1, "truncated?");
}

TEST(Safetensors, WhatIsNoHeaderIsRefused) {
  expect_refused("[]", 0, "not an object");
  expect_refused("{", 0, "broken");
  expect_refused(R"({"a":3})", 0, "lacks");
  expect_refused(R"({"a":{"dtype":"U8","shape":1,"data_offsets":[0,1]}})", 1, "'a'");
  expect_refused(R"({"a":)" + std::string(100000, '[') + std::string(100000, ']') + "}", 0, "nested");
  std::string huge(8, '\0');
  const std::uint64_t length = 100'000'001;
  std::memcpy(huge.data(), &length, sizeof length);
  expect_error(ExitCode::kInput, {"a.safetensors", "100000001"}, [&] { parsed_safetensors(huge); });
}

}  // namespace
}  // namespace goracs
