#pragma once
// Bodies that come with Content-Encoding: gzip.

#include <string>
#include <string_view>

#include "base/error.h"

namespace paydesk::http {

// What `compressed` holds, one or several gzip members.
// Refuses with malformed_request what is no gzip, is cut short or damaged, and with body_too_large what grows beyond
// `bytes_max`: it stops there, so that a small body that would fill the memory costs no more than that.
Result<std::string> gunzip(std::string_view compressed, std::size_t bytes_max);

}  // namespace paydesk::http
