#pragma once

#include <signal.h>

namespace ttx::server {

/// Keeps SIGTERM, SIGINT and SIGHUP from every thread that starts afterwards: the one that calls WaitForStop takes
/// them, and no other.
sigset_t BlockSignals();

/// Returns the signal that ends the process; opens the log files anew at each SIGHUP before it.
int WaitForStop(const sigset_t& signals);

}  // namespace ttx::server
