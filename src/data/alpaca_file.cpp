#include "data/alpaca_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.hpp"
#include "base/file_bytes.hpp"
#include "data/json_object_line.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;

/// Takes samples out of a stream of JSON events: array, object, key, value. What stands deeper is passed over.
class AlpacaEvents final : public nlohmann::json_sax<Json> {
 public:
  AlpacaEvents(std::string file, const std::function<void(AlpacaSample&&, std::int64_t)>& sample)
      : file_(std::move(file)), sample_(sample) {}

  bool null() override { return other(); }
  bool boolean(bool) override { return other(); }
  bool number_integer(std::int64_t value) override { return number(std::to_string(value)); }
  bool number_unsigned(std::uint64_t value) override { return number(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { return number(text); }
  bool binary(Json::binary_t&) override { return other(); }
  bool string(std::string& value) override {
    check_level("a text");
    GORACS_CHECK_INPUT(value.find('\0') == std::string::npos, "{}: sample {}: text with the character U+0000", file_, number_);
    if (depth_ == kNegative && key_ == kNegatives) {
      now_.negatives->push_back(std::move(value));
    } else if (depth_ == kMember) {
      if (std::string* const slot = member()) *slot = std::move(value);
    }
    return true;
  }
  bool key(std::string& value) override {
    if (depth_ == kMember) key_ = std::move(value);
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == kMember) other();
    ++depth_;
    GORACS_CHECK_INPUT(depth_ != kElement, "{}: an object, expected an array of samples", file_);
    if (depth_ == kMember) {
      now_ = {};
      has_ = 0;
    }
    return true;
  }
  bool end_object() override {
    if (depth_-- != kMember) return true;
    for (const auto& [bit, name] : {std::pair{kHasInstruction, "instruction"}, {kHasOutput, "output"}})
      GORACS_CHECK_INPUT((has_ & bit) != 0, "{}: sample {}: no {}", file_, number_, name);
    sample_(std::move(now_), number_++);
    return true;
  }
  bool start_array(std::size_t) override {
    check_level("an array");
    if (depth_ == kMember) {
      if (key_ == kNegatives) {
        now_.negatives.emplace();
      } else {
        other();
      }
    }
    ++depth_;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    fail(ExitCode::kInput, "{}: broken JSON at byte {} (sample {}): {}", file_, position, number_, error.what());
  }

 private:
  static constexpr int kElement = 1, kMember = 2, kNegative = 3;  // depth of what is read next
  static constexpr unsigned kHasInstruction = 1, kHasOutput = 2;
  static constexpr const char* kNegatives = "neg_samples";

  void check_level(const char* what) const {
    GORACS_CHECK_INPUT(depth_ != kElement, "{}: sample {} is {}, expected an object", file_, number_, what);
  }

  /// Where the value of the present key goes; null for keys that mean nothing here.
  std::string* member() {
    if (key_ == "instruction") return has_ |= kHasInstruction, &now_.instruction;
    if (key_ == "output") return has_ |= kHasOutput, &now_.output;
    if (key_ == "input") return &now_.input;
    if (key_ == "user id" || key_ == "user") return &now_.user;
    return nullptr;
  }
  bool number(const std::string& text) {
    if (depth_ == kMember && (key_ == "user id" || key_ == "user")) {
      now_.user = text;
      return true;
    }
    return other();
  }
  /// A value that is no text.
  bool other() {
    check_level("no object");
    const bool wanted = depth_ == kMember && (key_ == "instruction" || key_ == "output" || key_ == "input");
    GORACS_CHECK_INPUT(!wanted && !(depth_ == kNegative && key_ == kNegatives), "{}: sample {}: {} must be text", file_, number_, key_);
    return true;
  }

  std::string file_;
  const std::function<void(AlpacaSample&&, std::int64_t)>& sample_;
  AlpacaSample now_;
  std::string key_;
  std::int64_t number_ = 0;
  int depth_ = 0;
  unsigned has_ = 0;
};

/// Bytes to a file; every error is seen.
class TextSink {
 public:
  explicit TextSink(const std::filesystem::path& path) : path_(path.string()), file_(std::fopen(path_.c_str(), "wb")) {
    GORACS_CHECK_IO(file_ != nullptr, "{}: cannot be written: {}", path_, std::strerror(errno));
  }
  void write(std::string_view text) {
    GORACS_CHECK_IO(std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size(), "{}: cannot be written: {}", path_,
                    std::strerror(errno));
  }
  void close() { GORACS_CHECK_IO(std::fclose(file_.release()) == 0, "{}: cannot be written: {}", path_, std::strerror(errno)); }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

void append_json_string(std::string& json, std::string_view text) {
  json += '"';
  for (;;) {
    const std::size_t plain = plain_in_json(text);
    json += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    constexpr std::string_view kEscaped = "\"\\\n\t\r", kLetters = "\"\\ntr";
    if (const std::size_t known = kEscaped.find(c); known != std::string_view::npos) {
      json += '\\';
      json += kLetters[known];
    } else {
      fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
    }
    text.remove_prefix(plain + 1);
  }
  json += '"';
}

/// `negatives`: of this sample.
void append_sample(std::string& json, const SampleTable& samples, std::size_t i, const ItemList& items,
                   std::span<const std::int64_t> negatives) {
  json += i == 0 ? "\n{" : ",\n{";
  if (!samples.user[i].empty()) {
    json += "\"user id\": ";
    append_json_string(json, samples.user[i]);
    json += ", ";
  }
  json += "\"instruction\": ";
  append_json_string(json, samples.instruction[i]);
  json += ", \"input\": ";
  append_json_string(json, samples.input[i]);
  json += ", \"output\": ";
  append_json_string(json, samples.output[i]);
  if (!negatives.empty()) {
    json += ", \"neg_samples\": [";
    for (const std::int64_t row : negatives) {
      append_json_string(json, items.titles[static_cast<std::size_t>(row)]);
      json += ", ";
    }
    json.resize(json.size() - 2);
    json += ']';
  }
  json += '}';
}

}  // namespace

void read_alpaca_file(const std::filesystem::path& file, const std::function<void(AlpacaSample&& sample, std::int64_t number)>& sample) {
  const std::optional<std::string> text = file_bytes(file);
  GORACS_CHECK_INPUT(text.has_value(), "{}: no such file", file.string());
  AlpacaEvents events(file.string(), sample);
  Json::sax_parse(*text, &events);
}

void write_alpaca_file(const std::filesystem::path& file, const SampleTable& samples, const ItemList& items,
                       std::span<const std::int64_t> negatives, std::int64_t threads) {
  constexpr std::size_t kBlock = 512;  // samples
  const auto count = static_cast<std::size_t>(samples.size());
  const std::size_t per_sample = count == 0 ? 0 : negatives.size() / count;
  const auto block_from = [&](std::size_t first, std::string text) {
    text.clear();
    for (std::size_t i = first; i < std::min(first + kBlock, count); ++i)
      append_sample(text, samples, i, items, negatives.subspan(i * per_sample, per_sample));
    return text;
  };
  TextSink sink(file);
  sink.write("[");
  // the front block is awaited and written, then its memory serves the next one
  std::deque<std::future<std::string>> blocks;
  std::size_t next = 0;
  const auto begin_block = [&](std::string text) {
    if (next >= count) return;
    blocks.push_back(std::async(threads > 1 ? std::launch::async : std::launch::deferred, block_from, next, std::move(text)));
    next += kBlock;
  };
  for (std::int64_t k = 0; k < threads; ++k) begin_block({});
  while (!blocks.empty()) {
    std::string text = blocks.front().get();
    blocks.pop_front();
    sink.write(text);
    begin_block(std::move(text));
  }
  sink.write("\n]\n");
  sink.close();
}

}  // namespace goracs
