#pragma once

namespace goracs::itra {

/// Where cost rows lie and are worked on: the host's memory and CPU, or those of this rank's GPU.
enum class Place { kHost, kGpu };

}  // namespace goracs::itra
