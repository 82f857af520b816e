#pragma once

namespace goracs {

/// The whole program: reads the command line, joins the other ranks where the verb works on them, and gives back the exit code of
/// INTERFACE. An error is logged with its rank; one that all ranks agree on ends the job normally, a rank's own error ends all ranks.
int run_program(int argc, char** argv);

}  // namespace goracs
