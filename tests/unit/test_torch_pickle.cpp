// Files of torch.save: zip entries, the pickle's few opcodes, and what of them is refused.
#include "model/torch_pickle.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "model/zip_entries.hpp"
#include "support/expect_error.hpp"
#include "support/torch_zip.hpp"

namespace goracs {
namespace {

using test::expect_error;
using test::pickled_tensor;
using test::stored_zip;

std::string floats(int count) {
  std::string bytes;
  for (int k = 0; k < count; ++k) bytes += test::bytes_of(static_cast<float>(k));
  return bytes;
}

std::string saved(const std::string& program, const std::string& storage = floats(6)) {
  return stored_zip({{"archive/data.pkl", program}, {"archive/data/0", storage}, {"archive/version", "3\n"}});
}

std::map<std::string, TensorView> parsed_pickle(const std::string& file) {
  return parse_torch_pickle(std::as_bytes(std::span(file)), "m.bin");
}

void expect_refused(const std::string& file, const std::string& why) {
  expect_error(ExitCode::kInput, {"m.bin", why}, [&] { parsed_pickle(file); });
}

float element(const TensorView& tensor, std::int64_t row, std::int64_t column) {
  float value;
  std::memcpy(&value, tensor.bytes.data() + (row * tensor.strides[0] + column * tensor.strides[1]) * 4, sizeof value);
  return value;
}

TEST(TorchPickle, ATensorKeepsItsShapeStridesAndOffset) {
  const std::string file = saved(pickled_tensor("w", 6, 0, {2, 3}, {3, 1}));
  const auto tensors = parsed_pickle(file);
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors.at("w").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(element(tensors.at("w"), 1, 2), 5.0F);

  const std::string transposed = saved(pickled_tensor("w", 6, 0, {3, 2}, {1, 3}));
  EXPECT_EQ(element(parsed_pickle(transposed).at("w"), 2, 1), 5.0F);
  EXPECT_EQ(element(parsed_pickle(transposed).at("w"), 2, 0), 2.0F);

  const std::string tail = saved(pickled_tensor("w", 6, 4, {1, 2}, {2, 1}));
  EXPECT_EQ(element(parsed_pickle(tail).at("w"), 0, 1), 5.0F);
}

TEST(TorchPickle, AViewThatLeavesItsStorageIsRefused) {
  expect_refused(saved(pickled_tensor("w", 6, 1, {2, 3}, {3, 1})), "beyond its storage");
  expect_refused(saved(pickled_tensor("w", 6, 0, {2, 3}, {4, 1})), "beyond its storage");
  expect_refused(saved(pickled_tensor("w", 6, 0, {2000000000, 2000000000, 2000000000}, {2000000000, 2000000000, 2000000000})),
                 "beyond its storage");
  expect_refused(saved(pickled_tensor("w", 6, -1, {1}, {1})), "offset");
  expect_refused(saved(pickled_tensor("w", 6, 0, {-1}, {1})), "negative");
  expect_refused(saved(pickled_tensor("w", 6, 0, {1, 1}, {1})), "stride");
  expect_refused(saved(pickled_tensor("w", 6, 0, std::vector<int>(65, 1), std::vector<int>(65, 1))), "axes");
  expect_refused(saved(pickled_tensor("w", 6, 0, {2, 3}, {3, 1}), floats(5)), "beyond its storage");
  // repeated elements (stride 0) that would blow a small file up to terabytes
  expect_refused(saved(pickled_tensor("w", 6, 0, {1000000, 1000000}, {0, 0})), "beyond its storage");
}

TEST(TorchPickle, NothingButTensorsMayBeNamed) {
  expect_refused(saved("\x80\x02"
                       "cos\nsystem\n(X\x02\0\0\0ls"
                       "tR."),
                 "os.system, which is not allowed");
  expect_refused(saved("\x80\x02"
                       "cbuiltins\neval\n."),
                 "builtins.eval");
  expect_refused(saved(std::string("\x80\x04\x8c\x05posix\x8c\x06system\x93.", 20)), "posix.system");
  expect_refused(saved("\x80\x02i."), "opcode 0x69");     // INST calls a class
  expect_refused(saved("\x80\x02\x81."), "opcode 0x81");  // NEWOBJ
  expect_refused(saved("\x80\x05}."), "protocol");
  expect_refused(saved("\x80\x02]."), "no dict");
  expect_refused(saved("\x80\x02}X\x01\0\0\0aK\x01s."), "too early");  // the literal ends at its first NUL
  expect_refused(saved(std::string("\x80\x02}X\x01\0\0\0aK\x01s.", 13)), "no named tensor");
}

TEST(TorchPickle, AStackOrMemoThatIsNotThereIsRefused) {
  for (const std::string& program :
       {std::string("\x80\x02."), std::string("\x80\x02t."), std::string("\x80\x02h\x05."), std::string("\x80\x02s."),
        std::string("\x80\x02R."), std::string("\x80\x02Q."), std::string("\x80\x02u."), std::string("\x80\x02"), std::string()})
    expect_refused(saved(program), "");
}

TEST(TorchPickle, DictsInsideThemselvesAreRefused) {
  // d = {}; d["a"] = d: a cycle that plain reference counting would never free
  expect_refused(saved(std::string("\x80\x02}q\0X\x01\0\0\0ah\0s.", 16)), "");
}

TEST(TorchPickle, AFileCutAnywhereIsRefusedByItsName) {
  const std::string whole = saved(pickled_tensor("w", 6, 0, {2, 3}, {3, 1}));
  EXPECT_EQ(parsed_pickle(whole).size(), 1U);
  for (std::size_t size = 0; size < whole.size(); ++size) expect_refused(whole.substr(0, size), "");
}

TEST(TorchPickle, EntriesThatAreCompressedTwiceThereOrMissingAreRefused) {
  const std::string program = pickled_tensor("w", 6, 0, {2, 3}, {3, 1});
  expect_refused(stored_zip({{"archive/data.pkl", program}}), "archive/data/0");
  expect_refused(stored_zip({{"archive/data.pkl", program}, {"archive/data/0", floats(6)}, {"archive/data/0", floats(6)}}), "stands twice");
  expect_refused(stored_zip({{"archive/other", program}}), "no data.pkl");
  std::string deflated = saved(program);
  deflated[deflated.find("PK\x01\x02") + 10] = 8;
  expect_refused(deflated, "compressed");
}

}  // namespace
}  // namespace goracs
