#include "base/error.h"

#include <cstdio>
#include <cstdlib>

#include "base/assert.h"

namespace paydesk {

void throw_exception_from_error(const Error& error, const boost::source_location& location) {
    std::fprintf(stderr, "a refusal was taken for a value: %s: %s\n",
                 std::string(info(error.code).name).c_str(), error.message.c_str());
    assert_failed("Result has a value", location.file_name(), static_cast<int>(location.line()));
}

void assert_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expression);
    std::abort();
}

}  // namespace paydesk
