#pragma once

#include <string>

#include "base/config_file.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// The arrays of a selection on one's own data, as ArraySource names them; empty: not given.
struct SelectionArrays {
  std::string train_embeddings, valid_embeddings, gradient_norms, train_labels, valid_labels;
  std::string out;  ///< coreset.h5, written as a whole or not at all

  bool any() const {
    return !(train_embeddings.empty() && valid_embeddings.empty() && gradient_norms.empty() && train_labels.empty() &&
             valid_labels.empty() && out.empty());
  }
};

/// Chooses a coreset of rows of `arrays` and writes it; classes are selected apart where there are labels. Each rank reads rows of its own,
/// in blocks. Collective.
/// Errors: kUsage (an array is not given or not there), kInput naming file and row, as itra::select, kIo.
void select_arrays(const SelectionArrays& arrays, const LoadedConfig& config, const std::string& command, Communicator& world);

}  // namespace goracs
