#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace lifecycle {

// The database can no longer be trusted to answer: the disk failed, or the file is damaged.
// The process has to die and start again from what is durable.
class StoreFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// The database cannot take a transaction now, and will once others have let it: another process
// holds its lock, or its disk is full. Nothing was written.
class StoreUnavailable : public StoreFailure {
  public:
    enum class Cause : std::uint8_t { locked, full };
    StoreUnavailable(Cause cause, const std::string& what) : StoreFailure(what), cause_(cause) {}
    Cause cause() const { return cause_; }

  private:
    Cause cause_;
};

}  // namespace lifecycle
