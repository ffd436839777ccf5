#include "billing/columns.h"

namespace paydesk::billing::columns {

db::Params keys(const std::map<owner_store::ObjectKey, AccountId>& keys) {
    return {texts(keys, [](const auto& k) -> const AccountId& { return k.second; }),
            texts(keys, [](const auto& k) { return k.first.provider; }),
            texts(keys, [](const auto& k) -> const std::string& { return k.first.id; })};
}

}  // namespace paydesk::billing::columns
