#pragma once

#include <string>

namespace goracs {

/// Where this process stands, which an error that ends it says, too: "finetune, steps 3 of 16"; empty: nowhere in particular.
void stand_at(std::string where);
const std::string& standing() noexcept;

}  // namespace goracs
