#include "base/current_error.hpp"

#include <filesystem>
#include <new>
#include <string>

namespace goracs {
namespace {

ExplainError explain_of_library = nullptr;

}  // namespace

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {ExitCode::kInput, "out of memory (goracs plan says what a config needs)"};
  } catch (const std::filesystem::filesystem_error& error) {
    return {ExitCode::kIo, error.what()};
  } catch (const std::exception& error) {
    const std::optional<Error> explained = explain_of_library != nullptr ? explain_of_library(error) : std::nullopt;
    return explained.value_or(Error(ExitCode::kInput, std::string("unexpected: ") + error.what()));
  }
}

void explain_errors(ExplainError explain) { explain_of_library = explain; }

}  // namespace goracs
