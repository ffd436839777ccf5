#include "catalog/plans_file.h"

#include <fstream>
#include <sstream>

#include "catalog/read_plans.h"
#include "catalog/read_usage_prices.h"
#include "catalog/toml_reader.h"

namespace paydesk::catalog {
namespace {

// Whoever loses a plan falls back to the free one of the family, so there must be exactly one.
void check_families(TomlReader& reader, const Catalogue& catalogue) {
    std::map<std::string, int> free_plans;
    for (const Plan& plan : catalogue.plans) {
        if (plan.kind == PlanKind::plan) free_plans[plan.family] += plan.prices.empty() ? 1 : 0;
    }
    const int in_main = free_plans.contains("main") ? free_plans.at("main") : 0;
    if (in_main == 0 && reader.problems().empty()) {
        reader.wrong(nullptr,
                     "there is no free plan (a [[plan]] without prices): people without a "
                     "subscription need one");
    }
    for (const auto& [family, count] : free_plans) {
        if (count > 1)
            reader.wrong(nullptr, "family \"{}\" has {} free plans; only one can be the fall-back",
                         family, count);
    }
}

Catalogue read_file(TomlReader& reader, const toml::table& file) {
    Catalogue catalogue;
    reader.only(file, {"currency", "meter", "plan", "top_up", "product"}, "the file");
    const std::string currency = reader.text(file, "currency", "the file", false).value_or("usd");
    if (const auto parsed = Currency::parse(currency)) {
        reader.set_currency(*parsed);
    } else {
        reader.wrong(file.get("currency"),
                     "currency: \"{}\" is not a currency that Paydesk knows; use an ISO 4217 code "
                     "such as \"usd\"",
                     currency);
    }
    reader.each(file, "meter",
                [&](const toml::table& meter) { read_meter(reader, meter, catalogue.meters); });
    reader.each(file, "plan", [&](const toml::table& plan) { read_plan(reader, plan, catalogue); });
    reader.each(file, "top_up", [&](const toml::table& plan) {
        read_bought_once(reader, plan, PlanKind::top_up, catalogue);
    });
    reader.each(file, "product", [&](const toml::table& plan) {
        read_bought_once(reader, plan, PlanKind::product, catalogue);
    });
    if (catalogue.plans.empty()) reader.wrong(nullptr, "there is no [[plan]]");
    if (catalogue.plans.size() > plans_max) reader.wrong(nullptr, "more than {} plans", plans_max);
    check_families(reader, catalogue);
    check_charges(reader, catalogue);
    return catalogue;
}

}  // namespace

std::string_view to_string(PlanKind kind) {
    switch (kind) {
        case PlanKind::plan:
            return "plan";
        case PlanKind::top_up:
            return "top_up";
        case PlanKind::product:
            return "product";
    }
    PD_ASSERT(false);
}

std::string_view to_string(BillingCycle cycle) {
    switch (cycle) {
        case BillingCycle::monthly:
            return "monthly";
        case BillingCycle::yearly:
            return "yearly";
        case BillingCycle::one_time:
            return "one_time";
    }
    PD_ASSERT(false);
}

std::optional<std::string> interval_of(BillingCycle cycle) {
    if (cycle == BillingCycle::one_time) return std::nullopt;
    return cycle == BillingCycle::monthly ? "month" : "year";
}

Result<Catalogue> parse_plans(std::string_view text, std::string_view file_name) {
    const toml::parse_result file = toml::parse(text, file_name);
    if (!file) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("{}:{}: not TOML: {}", file_name, file.error().source().begin.line,
                                 file.error().description())};
    }
    TomlReader reader(file_name);
    Catalogue catalogue = read_file(reader, file.table());
    if (!reader.problems().empty()) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("{}", fmt::join(reader.problems(), "\n"))};
    }
    return catalogue;
}

Result<Catalogue> read_plans(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::error_code failure;
    const auto size = std::filesystem::file_size(file, failure);
    if (!stream || failure) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("{} cannot be read. Set PAYDESK_PLANS to the catalogue's file.",
                                 file.string())};
    }
    if (size > plans_file_bytes_max) {
        return Error{ErrorCode::invalid_input, fmt::format("{} is larger than {} bytes",
                                                           file.string(), plans_file_bytes_max)};
    }
    std::ostringstream text;
    text << stream.rdbuf();
    return parse_plans(text.str(), file.filename().string());
}

}  // namespace paydesk::catalog
