#pragma once
// The precompiled header: what nearly every file includes and what is slow to parse.
// Nothing may rely on it: every file includes what it uses.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>

#include "base/error.h"
#include "base/task.h"
