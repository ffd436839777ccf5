#pragma once
// PD_ASSERT: an invariant of ours. Stays on in release: a billing server that goes on with a broken
// invariant does more harm than one that restarts.

namespace paydesk {

[[noreturn]] void assert_failed(const char* expression, const char* file, int line);

}  // namespace paydesk

#define PD_ASSERT(expression) \
    ((expression) ? void(0) : ::paydesk::assert_failed(#expression, __FILE__, __LINE__))
