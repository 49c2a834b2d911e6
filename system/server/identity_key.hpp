#pragma once

#include <expected>
#include <string>

#include "system/store/store.hpp"

namespace lifecycle::server {

// The key that the secrets of boxes are derived from: the first line of a private file. The
// database knows it by its fingerprint from the first start on, which makes the file if it is not
// there. From then on a file that is missing, or has another key, is refused.
// `replace` takes what is in the file, or makes it, all the same: in the place of the key that the
// database knows, whose boxes are locked out ("identity.key_replaced").
// The error says in one line what is wrong and what to do.
std::expected<std::string, std::string> take_identity_key(Store& store, const std::string& path,
                                                          bool replace);

}  // namespace lifecycle::server
