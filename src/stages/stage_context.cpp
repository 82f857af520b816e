#include "stages/stage_context.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"
#include "comm/agreement.hpp"

namespace goracs {
namespace {

constexpr const char* kSecondsState = "seconds.h5";
constexpr const char* kSeconds = "/seconds";

void check_same(const H5File& file, const char* attribute, const std::string& expected) {
  const std::string found = file.has_attribute(attribute) ? file.text_attribute(attribute) : "";
  GORACS_CHECK_INPUT(found.empty() || expected.empty() || found == expected, "{}: {} is {}, but this config's is {}", file.path(),
                     attribute, found, expected);
}

}  // namespace

StageContext::StageContext(const Config& config, Communicator& world, Provenance provenance, StageFolder& folder,
                           const StageFolders& inputs)
    : config_(config), world_(world), provenance_(std::move(provenance)), folder_(folder), inputs_(inputs) {
  if (const auto saved = saved_state(kSecondsState))
    together(world_, [&] { seconds_before_ = H5File::open(*saved).read<double>(kSeconds, {1}).front(); });
}

H5File StageContext::open_input(Stage stage, const std::string& file, const Provenance& expected) const {
  H5File opened = H5File::open(input(stage, file));
  check_same(opened, "template_sha256", expected.template_sha256);
  check_same(opened, "tokenizer_sha256", expected.tokenizer_sha256);
  check_same(opened, "model_sha256", expected.model_sha256);
  return opened;
}

std::optional<std::filesystem::path> StageContext::saved_state(const std::string& name) const {
  std::string found;
  on_root(world_, [&] {
    if (const auto file = folder_.saved_state(name)) found = file->string();
  });
  found = broadcast_text(world_, found);
  return found.empty() ? std::nullopt : std::optional<std::filesystem::path>(found);
}

void StageContext::save_state(const std::string& name, const std::function<void(const std::filesystem::path&)>& write,
                              std::int64_t keep) const {
  on_root(world_, [&] {
    folder_.save_state(name, write, keep);
    folder_.save_state(kSecondsState, [&](const std::filesystem::path& path) {
      H5File file = H5File::create(path);
      const double spent = seconds();
      file.write(kSeconds, std::span<const double>(&spent, 1), "seconds of computing, over all starts", "s");
      file.close();
    });
  });
}

double StageContext::seconds() const { return seconds_before_ + std::chrono::duration<double>(Clock::now() - begin_).count(); }

StageEnd StageContext::seal() const {
  folder_.seal(provenance_, seconds(), world_);
  return StageEnd::kSealed;
}

}  // namespace goracs
