#include "explain/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "explain/explain_parts.h"

namespace paydesk::explain {

namespace {

constexpr std::array subject_names = {
    std::pair{Subject::balance,      std::string_view("balance")     },
    std::pair{Subject::invoice,      std::string_view("invoice")     },
    std::pair{Subject::subscription, std::string_view("subscription")},
};

}  // namespace

std::string_view to_string(Subject subject) {
    for (const auto& [value, name] : subject_names) {
        if (value == subject) return name;
    }
    std::unreachable();
}

std::optional<Subject> parse_subject(std::string_view text) {
    for (const auto& [value, name] : subject_names) {
        if (name == text) return value;
    }
    return std::nullopt;
}

std::string_view to_string(StepKind kind) {
    switch (kind) {
        case StepKind::event:
            return "event";
        case StepKind::rule:
            return "rule";
        case StepKind::entry:
            return "entry";
        case StepKind::told:
            return "told";
        case StepKind::asked:
            return "asked";
    }
    std::unreachable();
}

json::object Explanation::to_json() const {
    json::array list;
    for (const Step& step : steps) {
        json::object one{
            {"at",   to_iso8601(step.at)          },
            {"kind", explain::to_string(step.kind)},
            {"text", step.text                    }
        };
        one["id"] = step.id.empty() ? json::value(nullptr) : json::value(step.id);
        list.push_back(std::move(one));
    }
    json::array missing(left_out.begin(), left_out.end());
    return {
        {"kind",       explain::to_string(subject)},
        {"id",         id                         },
        {"account_id", account                    },
        {"now",        now                        },
        {"steps",      std::move(list)            },
        {"left_out",   std::move(missing)         }
    };
}

std::string Explanation::to_text() const {
    std::string text = now + "\n\n";
    for (const Step& step : steps) {
        const auto second = std::chrono::floor<std::chrono::seconds>(step.at);
        std::string when = to_iso8601(second);
        std::ranges::replace(when, 'T', ' ');
        when.pop_back();  // the Z: all of it is UTC
        text += fmt::format("{}  {:<5}  {}{}\n", when, explain::to_string(step.kind), step.text,
                            step.id.empty() ? "" : " [" + step.id + "]");
    }
    for (const auto& what : left_out) text += "(" + what + ")\n";
    text += "\nTimes are UTC.\n";
    return text;
}

Task<Result<Explanation>> explain(const Parts& parts, Subject subject, std::string id) {
    Result<Explanation> explanation = Error{ErrorCode::not_found, ""};
    switch (subject) {
        case Subject::balance:
            explanation = co_await explain_balance(parts, std::move(id));
            break;
        case Subject::invoice:
            explanation = co_await explain_invoice(parts, std::move(id));
            break;
        case Subject::subscription:
            explanation = co_await explain_subscription(parts, std::move(id));
            break;
    }
    // What happened in one moment stays in the order in which it was found: event, then what follows.
    if (explanation) {
        auto& steps = explanation->steps;
        std::vector<Step> sorted;
        std::vector<std::size_t> order(steps.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(steps[i].at, i); });
        for (const std::size_t i : order) sorted.push_back(std::move(steps[i]));
        steps = std::move(sorted);
    }
    co_return explanation;
}

}  // namespace paydesk::explain
