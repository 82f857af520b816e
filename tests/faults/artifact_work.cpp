// Does the work of one stage in the smallest form, for tests that kill it or let its system calls fail: two states are saved on the way, then the
// folder is sealed. Says on standard output how far it is; ends with the exit code of its error.
//
//   artifact_work WORK_DIR      "resumed <steps>" | "fresh", "saved <steps>" ..., "sealed <content hash>"
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

#include "artifact/stage_folder.hpp"
#include "base/error.hpp"
#include "comm/self_communicator.hpp"

namespace goracs {
namespace {

constexpr int kSteps = 2;

void say(const std::string& text) { std::cout << text << std::endl; }

void write_state(const std::filesystem::path& path, int steps) {
  std::ofstream out(path);
  for (int line = 0; line < 100; ++line) out << "after " << steps << " steps\n";
  GORACS_CHECK_IO(out.flush().good(), "{}: cannot write: {}", path.string(), std::strerror(errno));
}

int steps_in(const std::filesystem::path& state) {
  std::ifstream in(state);
  std::string word;
  int steps = 0;
  GORACS_CHECK_INPUT(in >> word >> steps, "{}: no state", state.string());
  return steps;
}

void work(const std::filesystem::path& work_dir) {
  SelfCommunicator world;
  const StageIdentity identity{Stage::kGrads, R"({"grads.seed":0})", {{"prepare", "ab12"}}};
  StageFolder folder = StageFolder::open(work_dir, identity, world);
  if (!folder.sealed()) {
    const auto state = folder.saved_state("loop");
    int steps = state ? steps_in(*state) : 0;
    say(state ? "resumed " + std::to_string(steps) : "fresh");
    while (steps < kSteps) {
      ++steps;
      folder.save_state("loop", [&](const std::filesystem::path& path) { write_state(path, steps); });
      say("saved " + std::to_string(steps));
    }
    const std::vector<double> values{0.5, 1.5, 2.5};
    H5File h5 = folder.create_h5("gradient_norms.h5", {});
    h5.write("/gradient_norm", std::span<const double>(values));
    h5.write("/loss", std::span<const double>(values));
    h5.close();
    write_state(folder.new_file("notes/a.txt"), steps);
    folder.seal({}, 1.5, world);
  }
  static_cast<void>(folder.file("gradient_norms.h5"));
  static_cast<void>(folder.file("notes"));
  say("sealed " + folder.content_sha256());
}

}  // namespace
}  // namespace goracs

int main(int argc, char** argv) {
  try {
    if (argc != 2) return static_cast<int>(goracs::ExitCode::kUsage);
    goracs::work(argv[1]);
    return 0;
  } catch (const goracs::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(goracs::ExitCode::kIo);  // as the program does
  } catch (const std::exception& error) {
    std::fprintf(stderr, "not an error of ours: %s\n", error.what());
    return 99;
  }
}
