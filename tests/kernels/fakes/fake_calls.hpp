#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What tests tell the stand-ins of NVIDIA's libraries, and what they ask them afterwards.
///
/// A fake does what the documentation says a call does, in host memory and by plain loops. It tests the order of calls and arguments,
/// leading dimensions, counts and the paths of errors; not the library itself, nor its speed.
namespace goracs::fakes {

/// The `nth` later call (1 = the next) of `function` returns `status` and does nothing else.
void fail_call(std::string_view function, int nth, int status);
/// The same of the `nth` later call of any function that is not called again and again while somebody waits.
void fail_any_call(int nth, int status);
/// No call fails any more; the list of calls is empty.
void forget_calls();
/// Names of all calls since then, in order.
const std::vector<std::string>& calls();

/// Bytes that were ever copied from the device to the host.
std::int64_t bytes_to_host();
void count_bytes_to_host(std::size_t bytes);

/// Called by each fake first: 0, or the status that a test asked for.
int begin_call(std::string_view function);

}  // namespace goracs::fakes
