#pragma once

namespace reports {

// From now on SIGINT and SIGTERM ask a search to stop and keep what it has; a second one kills.
void catch_interrupts();
bool interrupted();

}  // namespace reports
