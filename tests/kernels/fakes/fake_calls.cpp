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

Planned of_any{0, 0};

bool is_polled(std::string_view function) { return function == "ncclCommGetAsyncError" || function == "cudaStreamQuery"; }
bool is_library_call(std::string_view function) { return function.find(' ') == std::string_view::npos && !is_polled(function); }

std::vector<std::string>& recorded() {
  static std::vector<std::string> names;
  return names;
}

}  // namespace

void fail_call(std::string_view function, int nth, int status) { planned().insert_or_assign(std::string(function), Planned{nth, status}); }

void fail_any_call(int nth, int status) { of_any = {nth, status}; }

void forget_calls() {
  of_any = {0, 0};
  planned().clear();
  recorded().clear();
}

const std::vector<std::string>& calls() { return recorded(); }

namespace {
std::int64_t to_host = 0;
}  // namespace
std::int64_t bytes_to_host() { return to_host; }
void count_bytes_to_host(std::size_t bytes) { to_host += static_cast<std::int64_t>(bytes); }

int begin_call(std::string_view function) {
  recorded().emplace_back(function);
  if (of_any.calls_left > 0 && is_library_call(function) && --of_any.calls_left == 0) return of_any.status;
  const auto found = planned().find(function);
  if (found == planned().end() || --found->second.calls_left > 0) return 0;
  const int status = found->second.status;
  planned().erase(found);
  return status;
}

}  // namespace goracs::fakes
