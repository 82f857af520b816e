#include "commands/diff.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "commands/differences.hpp"

namespace goracs {

Verb diff_verb() {
  const auto artifacts = std::make_shared<std::vector<std::string>>();
  Verb verb;
  verb.name = "diff";
  verb.summary = "what differs between two artifacts (files or folders); exit code 1 when their contents do";
  verb.options = [artifacts](Flags& declared) { declared.words("artifacts", *artifacts, "two files or two folders"); };
  verb.notes = [] {
    return std::string("Contents are what content hashes see. Provenance (times, hosts, paths, ranks) is listed, but is no difference.\n");
  };
  verb.on_ranks = [] { return false; };
  verb.run = [artifacts](const CommonOptions&, World&) {
    GORACS_CHECK_USAGE(artifacts->size() == 2, "goracs diff: two artifacts are needed, {} given", artifacts->size());
    const Differences found = differences(artifacts->at(0), artifacts->at(1));
    for (const std::string& text : found.contents) fmt::print("{}\n", text);
    for (const std::string& text : found.provenance) fmt::print("provenance: {}\n", text);
    if (found.contents.empty()) fmt::print("equal contents\n");
    return found.contents.empty() ? ExitCode::kDone : ExitCode::kDifferent;
  };
  return verb;
}

}  // namespace goracs
