// A test of the tool chain, not of us: coroutine idioms that g++ 12 miscompiles (double frees, see
// docs/adr/0001-clang-only.md). If one of these ever fails, the compiler must not build Paydesk.
//
// Each idiom passes a string that lives on the heap through a coroutine; Probe counts what lives.

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/task.h"

namespace paydesk {
namespace {

const char* const long_text = "a string that is long enough to live on the heap, surely";

int live = 0;

struct Probe {
    std::string text;
    explicit Probe(std::string value) : text(std::move(value)) { ++live; }
    Probe(const Probe& other) : text(other.text) { ++live; }
    Probe(Probe&& other) noexcept : text(std::move(other.text)) { ++live; }
    Probe& operator=(const Probe&) = default;
    Probe& operator=(Probe&&) noexcept = default;
    ~Probe() {
        --live;
        text.assign("dead");
    }
};

struct Aggregate {
    Probe probe;
    std::string more;
};

Task<> suspend() { co_await asio::post(co_await asio::this_coro::executor, awaits); }

Task<std::string> by_value(Probe probe) {
    co_await suspend();
    co_return probe.text;
}
Task<std::string> aggregate_by_value(Aggregate aggregate) {
    co_await suspend();
    co_return aggregate.probe.text + aggregate.more;
}
Task<std::string> aggregate_by_reference(const Aggregate& aggregate) {
    co_await suspend();
    co_return aggregate.probe.text + aggregate.more;
}
template <class F>
Task<std::string> call(F f) {
    co_await suspend();
    co_return f();
}
template <class F>
Task<std::string> call_by_reference(const F& f) {
    co_await suspend();
    co_return f();
}
Task<std::string> call_function(std::function<std::string()> f) {
    co_await suspend();
    co_return f();
}
Task<std::string> first_of(std::vector<Probe> probes) {
    co_await suspend();
    co_return probes.at(0).text;
}
Task<Aggregate> made_with_await() {
    co_return Aggregate{Probe(long_text), co_await by_value(Probe(""))};
}

struct Idiom {
    const char* name;
    std::function<Task<std::string>()> run;
};

const Idiom idioms[] = {
    {"temporary",                         [] { return by_value(Probe(long_text)); }            },
    {"aggregate temporary by value",
     []() -> Task<std::string> {
         co_return co_await aggregate_by_value(Aggregate{Probe(long_text), ""});
     }                                                                                         },
    {"aggregate temporary by reference",
     []() -> Task<std::string> {
         co_return co_await aggregate_by_reference(Aggregate{Probe(long_text), ""});
     }                                                                                         },
    {"aggregate in parentheses",
     []() -> Task<std::string> {
         co_return co_await aggregate_by_value(Aggregate(Probe(long_text), ""));
     }                                                                                         },
    {"lambda with a captured object",
     []() -> Task<std::string> {
         Probe p(long_text);
         co_return co_await call([p] { return p.text; });
     }                                                                                         },
    {"lambda by reference",
     []() -> Task<std::string> {
         Probe p(long_text);
         co_return co_await call_by_reference([p] { return p.text; });
     }                                                                                         },
    {"lambda with an init capture",
     []() -> Task<std::string> {
         co_return co_await call([p = Probe(long_text)] { return p.text; });
     }                                                                                         },
    {"lambda turned into std::function",
     []() -> Task<std::string> {
         Probe p(long_text);
         co_return co_await call_function([p] { return p.text; });
     }                                                                                         },
    {"await in an arm of ?:",
     []() -> Task<std::string> {
         const bool yes = live >= 0;
         co_return yes ? co_await by_value(Probe(long_text)) : co_await by_value(Probe("no"));
     }                                                                                         },
    {"await in the arm of ?: not taken",
     []() -> Task<std::string> {
         const bool yes = live < 0;
         co_return yes ? co_await by_value(Probe("no")) : std::string(long_text);
     }                                                                                         },
    {"braced list of objects",
     []() -> Task<std::string> { co_return co_await first_of({Probe(long_text), Probe("b")}); }},
    {"await inside a returned aggregate",
     []() -> Task<std::string> {
         const Aggregate a = co_await made_with_await();
         co_return a.probe.text;
     }                                                                                         },
    {"await in a condition",
     []() -> Task<std::string> {
         if (live >= 0 && (co_await by_value(Probe(long_text))) == long_text) co_return long_text;
         co_return "no";
     }                                                                                         },
    {"coroutine lambda with a parameter",
     []() -> Task<std::string> {
         co_return co_await [](Probe p) -> Task<std::string> {
             co_await suspend();
             co_return p.text;
         }(Probe(long_text));
     }                                                                                         },
};

TEST(ToolChain, CoroutineIdiomsDestroyOnce) {
    for (const Idiom& idiom : idioms) {
        SCOPED_TRACE(idiom.name);
        live = 0;
        std::string got;
        run_to_end([&](asio::io_context&) -> Task<> { got = co_await idiom.run(); });
        EXPECT_EQ(got, long_text);
        EXPECT_EQ(live, 0);
    }
}

}  // namespace
}  // namespace paydesk
