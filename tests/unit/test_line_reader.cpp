#include <gtest/gtest.h>
#include <zlib.h>

#include "data/line_reader.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using Lines = std::vector<std::string>;

std::string packed(const std::string& text) {
  test::TemporaryFolder folder;
  const std::string path = (folder.path() / "packed").string();
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class LineReaderTest : public testing::Test {
 protected:
  Lines lines_of(const std::string& bytes) {
    LineReader reader(folder_.file("lines", bytes));
    Lines lines;
    while (const auto line = reader.next()) {
      lines.emplace_back(*line);
      EXPECT_EQ(reader.number(), static_cast<std::int64_t>(lines.size()));
    }
    EXPECT_FALSE(reader.next().has_value());
    return lines;
  }
  test::TemporaryFolder folder_;
};

TEST_F(LineReaderTest, CutsAtLineEndsOfEitherKindAndNeedsNoneAtTheEnd) {
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n"), Lines{""});
  EXPECT_EQ(lines_of("a\nb\n"), (Lines{"a", "b"}));
  EXPECT_EQ(lines_of("a\r\n\r\nb"), (Lines{"a", "", "b"}));
}

TEST_F(LineReaderTest, TakesLinesLongerThanItsBuffer) {
  const std::string longest(5'000'001, 'x'), next(1'048'575, 'y');
  EXPECT_EQ(lines_of("a\n" + longest + "\n" + next + "\nb"), (Lines{"a", longest, next, "b"}));
}

TEST_F(LineReaderTest, UnpacksGzipWhateverTheFileIsCalled) {
  std::string text;
  for (int k = 0; k < 100'000; ++k) text += "line " + std::to_string(k) + "\n";
  EXPECT_EQ(lines_of(packed(text)), lines_of(text));
  EXPECT_EQ(lines_of(packed("")), Lines{});
}

TEST_F(LineReaderTest, RefusesGzipFilesThatAreCutOffOrBroken) {
  std::string text;
  for (int k = 0; k < 100'000; ++k) text += std::to_string(k * 7919 % 100'003) + "\n";
  std::string bytes = packed(text);
  for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{12}})
    test::expect_error(ExitCode::kInput, {"lines: broken or cut off gzip file"}, [&] { lines_of(bytes.substr(0, size)); });
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  EXPECT_THROW(lines_of(bytes), Error);
}

TEST_F(LineReaderTest, NamesAFileThatIsNotThere) {
  test::expect_error(ExitCode::kInput, {"nowhere.json: cannot be opened"}, [&] { LineReader(folder_ / "nowhere.json"); });
}

TEST_F(LineReaderTest, ReportsProgressUpToTheWholeFile) {
  std::int64_t last = 0, size = 0;
  ReadEvents events;
  events.progress = [&](const std::filesystem::path&, std::int64_t done, std::int64_t total) {
    EXPECT_GE(done, last);
    last = done;
    size = total;
  };
  LineReader reader(folder_.file("lines", std::string(3'000'000, 'x')), events);
  while (reader.next()) continue;
  EXPECT_EQ(last, 3'000'000);
  EXPECT_EQ(size, 3'000'000);
}

TEST_F(LineReaderTest, BrokenLinesAreErrorsOnceThereAreMoreThanAllowed) {
  Lines warnings;
  ReadEvents events;
  events.warn = [&](const std::string& line) { warnings.push_back(line); };
  LineReader reader(folder_.file("lines", "a\nb\nc\n"), events);
  BrokenLines broken(1, events);
  reader.next();
  broken.add(reader.path(), reader.number(), "odd");
  EXPECT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings.at(0).find("lines:1: broken line left out: odd"), std::string::npos);
  reader.next();
  test::expect_error(ExitCode::kInput, {"lines:2: broken line: odder (1 were allowed by data.skip_bad_lines)"},
                     [&] { broken.add(reader.path(), reader.number(), "odder"); });
}

}  // namespace
}  // namespace goracs
