#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "artifact/stage_folder.hpp"

namespace goracs::test {

inline StageIdentity demo_identity() { return {Stage::kGrads, R"({"grads.seed":0})", {{"prepare", "ab12"}}}; }

inline Provenance demo_provenance() {
  Provenance provenance;
  provenance.command = "goracs grads";
  provenance.config_yaml = "task: seqrec\n";
  provenance.hosts = "somewhere";
  return provenance;
}

/// Fills a folder of stage grads as the stage would, with three norms and a text beside them.
inline void fill_demo(const StageFolder& folder, const std::vector<double>& norms = {0.5, 1.5, 2.5}) {
  H5File h5 = folder.create_h5("gradient_norms.h5", demo_provenance());
  h5.write("/gradient_norm", std::span<const double>(norms));
  h5.write("/loss", std::span<const double>(norms));
  h5.close();
  std::ofstream(folder.new_file("notes/a.txt")) << "three rows\n";
}

}  // namespace goracs::test
