#include "usage/totals.h"

#include "base/assert.h"

namespace paydesk::usage {

Decimal Sums::used(catalog::Aggregation aggregation) const {
    switch (aggregation) {
        case catalog::Aggregation::sum:
            return quantity;
        case catalog::Aggregation::count:
            return Decimal::from_int(events);
        case catalog::Aggregation::max:
            return maximum;
        case catalog::Aggregation::last:
            return last_value.value_or(Decimal());
        case catalog::Aggregation::unique:
            return Decimal::from_int(uniques);
    }
    PD_ASSERT(false);
}

Decimal read_decimal(const db::Rows& rows, std::size_t row, std::string_view column) {
    const auto parsed = Decimal::parse(rows.text(row, column));
    PD_ASSERT(parsed.has_value());  // quantity_max times more events than there will be
    return *parsed;
}

Sums read_sums(const db::Rows& rows, std::size_t row) {
    Sums sums{.events = rows.integer(row, "events"),
              .quantity = read_decimal(rows, row, "quantity"),
              .maximum = read_decimal(rows, row, "maximum")};
    if (!rows.is_null(row, "last_value")) sums.last_value = read_decimal(rows, row, "last_value");
    sums.uniques = rows.integer(row, "uniques");
    return sums;
}

Totals read_totals(const db::Rows& rows, std::size_t row) {
    Totals totals{
        .account = {std::string(rows.text(row, "account_id"))},
        .metric = std::string(rows.text(row, "metric")),
        .period = {.start = rows.instant(row, "period_start"),
                    .end = rows.instant(row, "period_end")},
        .plan_key = rows.optional_text(row, "plan_key")
    };
    totals.sums = read_sums(rows, row);
    totals.late_events = rows.integer(row, "late_events");
    totals.notified_percent = rows.integer(row, "notified_percent");
    return totals;
}

}  // namespace paydesk::usage
