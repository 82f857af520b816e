#pragma once

#include "base/error.hpp"

namespace goracs {

/// The device twin of a kernel was called in a program that was built without CUDA.
class NotCompiled : public Error {
 public:
  explicit NotCompiled(const char* kernel)
      : Error(ExitCode::kUsage,
              fmt::format("run.device: this program was built without CUDA, so {} cannot run on a GPU; choose cpu", kernel)) {}
};

}  // namespace goracs
