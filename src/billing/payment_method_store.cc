#include "billing/payment_method_store.h"

#include "billing/recordset.h"

namespace paydesk::billing::payment_method_store {

const db::Statement list{
    "billing_list_payment_methods",
    R"(select account_id, provider, provider_payment_method_id, type, card_brand, card_last4,
              card_exp_month, card_exp_year, is_default, created_at
       from paydesk.payment_methods where account_id = $1 and detached_at is null
       order by is_default desc, created_at desc, provider_payment_method_id desc limit 100)"};

db::Params by_account(const AccountId& account) { return {account.value}; }

PaymentMethod read(const db::Rows& rows, std::size_t row) {
    return {.account = {std::string(rows.text(row, "account_id"))},
            .provider = rows.text(row, "provider") == "paypal" ? provider::Name::paypal
                                                               : provider::Name::stripe,
            .payment_method = {std::string(rows.text(row, "provider_payment_method_id"))},
            .type = std::string(rows.text(row, "type")),
            .brand = rows.optional_text(row, "card_brand"),
            .last4 = rows.optional_text(row, "card_last4"),
            .exp_month = recordset::optional_integer(rows, row, "card_exp_month"),
            .exp_year = recordset::optional_integer(rows, row, "card_exp_year"),
            .is_default = rows.boolean(row, "is_default"),
            .created_at = rows.instant(row, "created_at")};
}

}  // namespace paydesk::billing::payment_method_store
