// paydesk-sandbox trigger

#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/json.h"
#include "sandbox/command_client.h"
#include "sandbox/command_line.h"
#include "sandbox/recipes.h"

namespace paydesk::sandbox {
namespace {

using stripe::child;
using stripe::children;
using stripe::number;
using stripe::Object;
using stripe::text;
using Answers = std::map<std::string, Object>;

// What a recipe's "${...}" are taken from.
struct Kitchen {
    Answers answers;
    std::int64_t now = 0;
};

// "now", "now+60", "customer.id", "disputes.data.0.id". Throws Unavailable when it is not there.
std::string looked_up(const Kitchen& kitchen, const std::string& path) {
    if (path == "now" || path.starts_with("now+")) {
        return std::to_string(kitchen.now + (path.size() > 4 ? std::stoll(path.substr(4)) : 0));
    }
    std::istringstream parts(path);
    std::string part;
    std::getline(parts, part, '.');
    const auto found = kitchen.answers.find(part);
    const json::value whole =
        found == kitchen.answers.end() ? json::value() : json::value(found->second);
    const json::value* at = &whole;
    while (at && std::getline(parts, part, '.')) {
        if (at->is_array())
            at = at->get_array().if_contains(std::stoul(part));
        else
            at = at->is_object() ? at->get_object().if_contains(part) : nullptr;
    }
    if (at && at->is_string()) return std::string(at->get_string());
    if (at && at->is_int64()) return std::to_string(at->get_int64());
    throw Unavailable("the recipe names " + path + ", which no answer has");
}

std::string filled(std::string line, const Kitchen& kitchen) {
    for (auto open = line.find("${"); open != std::string::npos; open = line.find("${")) {
        const auto close = line.find('}', open);
        const auto value = looked_up(kitchen, line.substr(open + 2, close - open - 2));
        line.replace(open, close - open + 1, http::percent_encode(value));
    }
    return line;
}

struct Override {
    std::string step, field, value;
};

// "price:recurring.interval=year" -> {"price", "recurring[interval]", "year"}
Override override_of(const std::string& given) {
    const auto colon = given.find(':');
    const auto equals = colon == std::string::npos ? colon : given.find('=', colon);
    if (equals == std::string::npos || colon == 0 || equals == colon + 1) {
        throw Unavailable("--override " + given +
                          " is not NAME:field=value, as in customer:name=Grace");
    }
    Override parsed{given.substr(0, colon), "", given.substr(equals + 1)};
    std::istringstream parts(given.substr(colon + 1, equals - colon - 1));
    for (std::string part; std::getline(parts, part, '.');) {
        parsed.field += parsed.field.empty() ? part : "[" + part + "]";
    }
    return parsed;
}

std::string overridden(const std::string& form, const std::string& step,
                       const std::vector<Override>& overrides) {
    auto fields = http::parse_form(form);
    for (const Override& one : overrides) {
        if (one.step != step) continue;
        const auto same =
            std::ranges::find(fields, one.field, &std::pair<std::string, std::string>::first);
        if (same != fields.end())
            same->second = one.value;
        else
            fields.emplace_back(one.field, one.value);
    }
    std::string all;
    for (const auto& [name, value] : fields) {
        all += (all.empty() ? "" : "&") + http::percent_encode(name) + "=" +
               http::percent_encode(value);
    }
    return all;
}

std::vector<std::string> steps_of(const Recipe& recipe) {
    std::vector<std::string> steps;
    std::istringstream lines{std::string(recipe.lines)};
    for (std::string line; std::getline(lines, line);) {
        steps.push_back(line.substr(0, line.find_first_of(" ?")));
    }
    return steps;
}

std::vector<Override> overrides_for(const Recipe& recipe, const std::vector<std::string>& given) {
    std::vector<Override> overrides;
    const auto steps = steps_of(recipe);
    for (const auto& one : given) {
        overrides.push_back(override_of(one));
        if (std::ranges::find(steps, overrides.back().step) != steps.end()) continue;
        std::string names;
        for (const auto& step : steps) names += (names.empty() ? "" : ", ") + step;
        throw Unavailable("--override " + one + ": the recipe of " + std::string(recipe.event) +
                          " makes " + names);
    }
    return overrides;
}

Task<std::string> newest(http::Transport& transport, const std::string& sandbox,
                         const std::string& event) {
    const auto page =
        co_await called(transport, "GET", sandbox + "/v1/events?limit=1&type=" + event, "");
    const auto& data = children(page, "data");
    co_return data.empty() ? std::string() : text(data.front().get_object(), "id");
}

Task<> run_step(http::Transport& transport, std::string sandbox, std::string line,
                const std::vector<Override>& overrides, Kitchen& kitchen) {
    std::istringstream words(filled(std::move(line), kitchen));
    std::string name, method, path, form;
    words >> name >> method >> path >> form;
    const bool may_decline = name.ends_with('?');
    if (may_decline) name.pop_back();
    std::cout << "Running fixture for: " << name << " (" << method << " " << path << ")"
              << std::endl;
    const auto answer =
        co_await call(transport, method, sandbox + path, overridden(form, name, overrides));
    if (answer.status != 200 && !(may_decline && answer.status == 402)) {
        throw Unavailable(method + " " + path + ": " + message_of(answer));
    }
    // A decline's error carries what was made.
    const Object& error = child(answer.body, "error");
    kitchen.answers[name] = error.contains(name) ? child(error, name) : answer.body;
}

// The event's id; "" when it did not follow.
Task<std::string> cook(asio::io_context& io, http::Transport& transport, std::string sandbox,
                       const Recipe& recipe, std::vector<Override> overrides) {
    constexpr int looks = 100;  // 5 s: a test clock advances after its call was answered
    const std::string event(recipe.event);
    const auto before = co_await newest(transport, sandbox, event);
    Kitchen kitchen;
    kitchen.now = number(co_await called(transport, "GET", sandbox + "/_sandbox/clock", ""), "now");
    std::istringstream lines{std::string(recipe.lines)};
    for (std::string line; std::getline(lines, line);) {
        co_await run_step(transport, sandbox, line, overrides, kitchen);
        const bool advances = line.starts_with("advance ");
        for (int look = 0; advances && look < looks; ++look) {
            const auto clock = co_await called(
                transport, "GET",
                sandbox + "/v1/test_helpers/test_clocks/" + text(kitchen.answers["clock"], "id"),
                "");
            if (text(clock, "status") == "ready") break;
            co_await sleep_for(io, std::chrono::milliseconds(50));
        }
    }
    const auto after = co_await newest(transport, sandbox, event);
    co_return after == before ? std::string() : after;
}

}  // namespace

int trigger(const TriggerOptions& options) {
    if (options.list) {
        for (const Recipe& known : recipes()) std::cout << known.event << "\n";
        return 0;
    }
    const auto* recipe = recipe_for(options.event);
    if (!recipe) {
        if (!options.event.empty()) {
            std::cerr << "paydesk-sandbox trigger: there is no recipe for '" << options.event
                      << "'. There is one for:\n";
        } else {
            std::cerr << "paydesk-sandbox trigger EVENT, where EVENT is one of:\n";
        }
        for (const Recipe& known : recipes()) std::cerr << "  " << known.event << "\n";
        return 1;
    }
    const auto sandbox = url_of(options.sandbox);
    std::string made;
    std::string failure;
    run_to_end([&](asio::io_context& io) -> Task<> {
        http::CurlTransport transport(io, 1);
        try {
            made = co_await cook(io, transport, sandbox, *recipe,
                                 overrides_for(*recipe, options.overrides));
        } catch (const std::exception& error) {
            failure = error.what();
        }
    });
    if (!made.empty()) {
        std::cout << "Trigger succeeded! " << options.event << " [" << made << "]: " << sandbox
                  << "/events/" << made << std::endl;
        return 0;
    }
    std::cerr << "Trigger failed: "
              << (failure.empty() ? "the calls worked, the event did not follow" : failure) << "\n";
    return 1;
}

}  // namespace paydesk::sandbox
