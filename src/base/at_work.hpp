#pragma once

#include <functional>

namespace goracs {

/// Long work calls this between its parts (a layer of a model, a tensor that is loaded), on the thread that talks to other ranks: at most once a
/// second it tells peers that wait that this rank is at work and not stuck. Cheap: looks at a clock. Does nothing while nobody is to be told.
void at_work();

/// Who is told from now on: a communicator's still_working.
void tell_at_work(std::function<void()> tell);

}  // namespace goracs
