#pragma once

#include <filesystem>

#include "train/finetune_loop.hpp"

namespace goracs {

/// One HDF5 file with everything a resumed run needs: /parameters, /best_parameters, /first_moment, /second_moment (f32), /history/... and
/// counters as attributes. Reading gives back the same bits.
/// Errors: kIo when writing; kInput when the file lacks something or is of another adapter (`num_parameters`).
void write_finetune_state(const std::filesystem::path& path, const FinetuneState& state);
FinetuneState read_finetune_state(const std::filesystem::path& path, std::int64_t num_parameters);

}  // namespace goracs
