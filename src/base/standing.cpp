#include "base/standing.hpp"

#include <utility>

namespace goracs {
namespace {

std::string& place() {
  static std::string where;
  return where;
}

}  // namespace

void stand_at(std::string where) { place() = std::move(where); }

const std::string& standing() noexcept { return place(); }

}  // namespace goracs
