#include "data/line_reader.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.hpp"

namespace goracs {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;  // fits the second-level cache: what was read is still there when it is parsed

/// The blocks of one file, handed out to threads, and what comes of them, taken back in order.
class OrderedBlocks {
 public:
  OrderedBlocks(const std::filesystem::path& file, const ReadEvents& events, const BlockParser& parse)
      : blocks_(file, events), parse_(parse) {}

  /// What every thread does until the file ends or one of them fails.
  void work() noexcept {
    std::vector<char> buffer;
    for (Block block = hand_out(buffer); !block.at_end; block = hand_out(buffer)) {
      std::function<void()> take;
      if (!block.failure) block.failure = failure_of([&] { take = parse_(block.lines); });
      settle(block, take);
    }
  }
  void rethrow() const {
    if (first_failure_) std::rethrow_exception(first_failure_);
  }

 private:
  struct Block {
    bool at_end = false;
    std::int64_t number = 0;
    std::string_view lines;
    std::exception_ptr failure;
  };

  template <class Work>
  static std::exception_ptr failure_of(const Work& work) noexcept {
    try {
      work();
    } catch (...) {  // carried to the thread that asked for the file
      return std::current_exception();
    }
    return nullptr;
  }

  Block hand_out(std::vector<char>& buffer) noexcept {
    const std::lock_guard lock(reading_);
    Block block;
    block.at_end = failed_ || ended_;
    if (block.at_end) return block;
    block.failure = failure_of([&] { block.lines = blocks_.next(buffer); });
    ended_ = block.lines.empty();
    block.at_end = ended_ && !block.failure;
    if (!block.at_end) block.number = handed_out_++;
    return block;
  }

  /// Waits for the block's turn; nothing behind a failure is taken any more.
  void settle(Block& block, const std::function<void()>& take) noexcept {
    std::unique_lock lock(taking_);
    turn_.wait(lock, [&] { return taken_ == block.number; });
    if (!first_failure_) {
      first_failure_ = block.failure ? block.failure : failure_of(take);
      failed_ = first_failure_ != nullptr;
    }
    ++taken_;
    turn_.notify_all();
  }

  LineBlocks blocks_;
  const BlockParser& parse_;
  std::mutex reading_, taking_;
  std::condition_variable turn_;
  std::int64_t handed_out_ = 0, taken_ = 0;
  bool ended_ = false;
  std::atomic<bool> failed_ = false;
  std::exception_ptr first_failure_;
};

}  // namespace

std::string_view LineBlocks::next(std::vector<char>& block) {
  std::size_t size = rest_.size();
  if (block.size() < size + kBlockBytes) block.resize(size + kBlockBytes);
  std::copy(rest_.begin(), rest_.end(), block.begin());
  rest_.clear();
  for (;;) {
    if (size == block.size()) block.resize(2 * size);
    const std::size_t count = source_.read(block.data() + size, block.size() - size);
    if (events_.progress) events_.progress(path_, source_.done(), source_.total());
    if (count == 0) return {block.data(), size};
    const std::string_view read(block.data() + size, count);
    size += count;
    const std::size_t line_end = read.rfind('\n');
    if (line_end == std::string_view::npos) continue;
    const auto whole = size - count + line_end + 1;
    rest_.assign(block.data() + whole, block.data() + size);
    return {block.data(), whole};
  }
}

std::optional<std::string_view> Lines::next() {
  if (rest_.empty()) return std::nullopt;
  const void* const end = std::memchr(rest_.data(), '\n', rest_.size());
  const std::size_t length = end == nullptr ? rest_.size() : static_cast<std::size_t>(static_cast<const char*>(end) - rest_.data());
  std::string_view line = rest_.substr(0, length);
  rest_.remove_prefix(end == nullptr ? length : length + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::string_view> LineReader::next() {
  auto line = lines_.next();
  if (!line) {
    lines_ = Lines(blocks_.next(block_));
    line = lines_.next();
  }
  if (line) ++number_;
  return line;
}

void BrokenLines::add(const std::filesystem::path& file, std::int64_t line, std::string_view reason) {
  ++count_;
  GORACS_CHECK_INPUT(
      count_ <= allowed_, "{}:{}: broken line: {} ({})", file.string(), line, reason,
      allowed_ == 0 ? "data.skip_bad_lines: 0 allows none" : fmt::format("{} were allowed by data.skip_bad_lines", allowed_));
  if (events_.warn) events_.warn(fmt::format("{}:{}: broken line left out: {}", file.string(), line, reason));
}

void parse_blocks(const std::filesystem::path& file, std::int64_t threads, const ReadEvents& events, const BlockParser& parse) {
  OrderedBlocks blocks(file, events, parse);
  {
    std::vector<std::jthread> others;
    for (std::int64_t k = 1; k < threads; ++k) others.emplace_back([&] { blocks.work(); });
    blocks.work();
  }
  blocks.rethrow();
}

}  // namespace goracs
