#pragma once
// Payments as the provider tells them, and an operator who asks for refunds: what both test files about them share. Only
// tests include it.

#include "api/test_api.h"
#include "billing/apply_change.h"
#include "billing/link_charges_flow.h"
#include "billing/pay_invoice_flow.h"
#include "billing/refund_flow.h"

namespace paydesk::api {

using provider::ObjectKind;

class TestPayments : public TestApi {
protected:
    // Told by the provider, as its webhooks would.
    void tell(ObjectKind kind, std::string object, provider::Fact fact, std::string type,
              int seconds_ago = 60) {
        provider::Change change = provider_.change_of(kind, {std::move(object)}, std::move(fact));
        change.event_id = "evt_" + std::to_string(++events_);
        change.event_type = std::move(type);
        change.occurred_at = from_unix(to_unix(clock_.now()) - seconds_ago);
        run([](db::Database& db, provider::Change told, Instant now) -> Task<int> {
            co_await db.transaction([&](db::Tx& tx) -> Task<> {
                std::vector<billing::ToApply> changes;
                changes.push_back({.change = told});
                co_await billing::apply_changes(tx, std::move(changes), now);
            });
            co_return 0;
        }(db_, std::move(change), clock_.now()));
    }
    provider::ChargeSnapshot charge(std::string id, std::int64_t amount,
                                    std::int64_t amount_refunded = 0) {
        return {.charge = {id},
                .payment = provider::Ref{"pi_of_" + id},
                .customer = provider::Ref{std::string("cus_of_") + ada},
                .invoice = provider::Ref{"in_of_" + id},
                .account = {},
                .status = provider::ChargeStatus::succeeded,
                .amount = Money(amount, Currency::usd()),
                .amount_refunded = Money(amount_refunded, Currency::usd()),
                .failure_code = {},
                .failure_message = {},
                .receipt_url = "https://pay.example/receipts/" + id,
                .description = {},
                .created_at = from_unix(to_unix(clock_.now()) - 60)};
    }
    provider::InvoiceSnapshot invoice(std::string id, std::int64_t amount,
                                      provider::InvoiceStatus status) {
        const Money all(amount, Currency::usd()), none = Money::zero(Currency::usd());
        const bool paid = status == provider::InvoiceStatus::paid;
        return {.invoice = provider::Ref{std::move(id)},
                .customer = {std::string("cus_of_") + ada},
                .subscription = {},
                .account = {},
                .status = status,
                .amount_due = all,
                .amount_paid = paid ? all : none,
                .amount_remaining = paid ? none : all,
                .subtotal = all,
                .total = all,
                .number = "A-7",
                .billing_reason = {},
                .hosted_invoice_url = {},
                .invoice_pdf = {},
                .lines = {},
                .period_start = {},
                .period_end = {},
                .paid_at = {},
                .due_date = {},
                .next_payment_attempt = {},
                .payment = {},
                .created_at = from_unix(to_unix(clock_.now()) - 60)};
    }
    // A paid invoice of Ada's with its charge; gives our id of the payment.
    std::string pay(std::int64_t amount, const std::string& id = "ch_1") {
        add_subscription(ada, "sub_of_" + id, "active");
        tell(ObjectKind::charge, id, charge(id, amount), "charge.succeeded");
        tell(ObjectKind::invoice, "in_of_" + id,
             invoice("in_of_" + id, amount, provider::InvoiceStatus::paid), "invoice.paid");
        provider_.charged[id] = amount;
        return payment("id", id);
    }
    std::string payment(const std::string& column, const std::string& charge = "ch_1") {
        const auto rows = database_.run("select " + column +
                                            "::text as it from paydesk.payments where "
                                            "provider_charge_id = $1",
                                        {charge});
        return rows.empty() ? "none" : std::string(rows.text(0, "it"));
    }
    http::Request asking(json::object body, bool admin = true) {
        auto asked = request("POST", "/api/admin/refunds", "", json::serialize(body));
        asked.headers.set("Authorization", "Bearer " + token_of(grace, admin));
        return asked;
    }
    Answer refund(json::object body) { return send(asking(std::move(body))); }
    Answer as_admin(std::string target) {
        auto asked = request("GET", std::move(target));
        asked.headers.set("Authorization", "Bearer " + token_of(grace, true));
        return send(asked);
    }
    void run_job(const jobs::Handler& handler, json::value payload) {
        run([](const jobs::Handler& h, json::value p) -> Task<int> {
            const auto done = co_await h({.id = "job",
                                          .kind = "test",
                                          .payload = std::move(p),
                                          .attempts = 1,
                                          .attempts_max = 10,
                                          .run_at = {},
                                          .leased_until = {}});
            EXPECT_TRUE(done) << (done ? "" : done.error().message);
            co_return 0;
        }(handler, std::move(payload)));
    }

    int events_ = 0;
};

}  // namespace paydesk::api
