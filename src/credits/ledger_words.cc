// The ledger's words as the database and the API spell them.

#include <array>
#include <utility>

#include "base/assert.h"
#include "credits/ledger.h"

namespace paydesk::credits {

namespace {

constexpr std::array kind_names = {
    std::pair{TransactionKind::grant,     std::string_view("grant")    },
    std::pair{TransactionKind::consume,   std::string_view("consume")  },
    std::pair{TransactionKind::hold,      std::string_view("hold")     },
    std::pair{TransactionKind::settle,    std::string_view("settle")   },
    std::pair{TransactionKind::release,   std::string_view("release")  },
    std::pair{TransactionKind::expire,    std::string_view("expire")   },
    std::pair{TransactionKind::take_back, std::string_view("take_back")},
};

}  // namespace

std::string_view to_string(LedgerAccount account) {
    switch (account) {
        case LedgerAccount::issued:
            return "issued";
        case LedgerAccount::available:
            return "available";
        case LedgerAccount::held:
            return "held";
        case LedgerAccount::consumed:
            return "consumed";
        case LedgerAccount::expired:
            return "expired";
        case LedgerAccount::taken_back:
            return "taken_back";
    }
    std::unreachable();
}

std::string_view to_string(TransactionKind kind) {
    for (const auto& [value, name] : kind_names) {
        if (value == kind) return name;
    }
    std::unreachable();
}

TransactionKind parse_transaction_kind(std::string_view text) {
    for (const auto& [value, name] : kind_names) {
        if (name == text) return value;
    }
    PD_ASSERT(false);  // credit_transactions_kind
}

std::string_view to_string(HoldStatus status) {
    switch (status) {
        case HoldStatus::held:
            return "held";
        case HoldStatus::settled:
            return "settled";
        case HoldStatus::released:
            return "released";
        case HoldStatus::expired:
            return "expired";
    }
    std::unreachable();
}

}  // namespace paydesk::credits
