#pragma once
// Complete objects in the newest shape, with every value that is not known yet null or empty.

#include "sandbox/stripe/object.h"

namespace paydesk::sandbox::stripe {

// A fresh object of this kind ("checkout.session"): every field that 2026-10-28.endive has.
// Aborts for a kind that has none.
Object blank(std::string_view kind);

}  // namespace paydesk::sandbox::stripe
