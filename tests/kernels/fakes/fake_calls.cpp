#include "kernels/fakes/fake_calls.hpp"

#include <functional>
#include <map>

namespace goracs::fakes {
namespace {

struct Planned {
  int calls_left;
  int status;
};

std::map<std::string, Planned, std::less<>>& planned() {
  static std::map<std::string, Planned, std::less<>> failures;
  return failures;
}

std::vector<std::string>& recorded() {
  static std::vector<std::string> names;
  return names;
}

}  // namespace

void fail_call(std::string_view function, int nth, int status) { planned().insert_or_assign(std::string(function), Planned{nth, status}); }

void forget_calls() {
  planned().clear();
  recorded().clear();
}

const std::vector<std::string>& calls() { return recorded(); }

int begin_call(std::string_view function) {
  recorded().emplace_back(function);
  const auto found = planned().find(function);
  if (found == planned().end() || --found->second.calls_left > 0) return 0;
  const int status = found->second.status;
  planned().erase(found);
  return status;
}

}  // namespace goracs::fakes
