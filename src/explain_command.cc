// paydesk explain
#include <fmt/format.h>

#include "base/json.h"
#include "commands.h"
#include "explain/explain.h"
#include "operation_parts.h"
#include "provider_parts.h"

namespace paydesk {

int run_explain(const ExplainOptions& options) {
    const Config config = options.var ? config_of_up(*options.var) : config_for({.database = true});
    run_to_end([&](asio::io_context& io) -> Task<> {
        db::Database db(io, database_options(config));
        co_await db.ready(postgres_patience);
        const explain::Parts parts{.db = db, .normalise = normalise_stored};
        const auto explanation = co_await explain::explain(
            parts, explain::parse_subject(options.subject).value(), options.id);
        db.stop();
        if (!explanation) throw Unavailable(explanation.error().message);
        fmt::print("{}\n",
                   options.json ? json::serialize(explanation->to_json()) : explanation->to_text());
    });
    return 0;
}

}  // namespace paydesk
