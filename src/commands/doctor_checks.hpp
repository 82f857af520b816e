#pragma once

#include <filesystem>
#include <string>

#include "comm/communicator.hpp"

namespace goracs {

// What `doctor` tries. Each gives a line of text; where a job could not run it throws. All but the last three are collective.

/// Host, local rank, CPUs and threads, memory, device; the lines of all ranks, in their order.
std::string rank_lines(Communicator& world);
/// The sum that every rank must come to, and bytes a second of a large all-reduce. Errors: kPeer when the sum is wrong.
std::string all_reduce_line(Communicator& world);
/// Libraries are the same on all ranks, or which rank differs. Errors: kUsage.
std::string libraries_line(Communicator& world);

/// Free space where work_dir is or will be, and seconds of a trial save (write, flush, rename, read back). Errors: kIo.
std::string trial_save_line(const std::filesystem::path& work_dir);
/// Whether the file system locks files; nothing of ours needs it.
std::string locking_line(const std::filesystem::path& work_dir);
/// The end of the allocation, as the launcher tells it.
std::string time_limit_line();

}  // namespace goracs
