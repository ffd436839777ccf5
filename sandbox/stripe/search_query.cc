#include "sandbox/stripe/search_query.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {
namespace {

using Clause = SearchQuery::Clause;

[[noreturn]] void refuse_query(const std::string& what) {
    refuse(
        "",
        "We were unable to parse your search query. " + what +
            " See the search query language: https://stripe.com/docs/search#search-query-language",
        "query");
}

std::string lower(std::string_view given) {
    std::string lowered(given);
    std::ranges::transform(lowered, lowered.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    return lowered;
}

class Reader {
public:
    Reader(std::string_view text, std::span<const SearchField> fields)
        : text_(text), fields_(fields) {}

    Clause clause() {
        Clause clause;
        clause.negated = take("-");
        const auto name = word();
        const SearchField* field = nullptr;
        if (name == "metadata") {
            clause.path = name;
            clause.key = key();
        } else {
            for (const SearchField& known : fields_) {
                if (known.name == name) field = &known;
            }
            if (!field) refuse_query("Field `" + name + "` is an unsupported search field.");
            clause.path = field->path.empty() ? field->name : field->path;
        }
        clause.op = op();
        clause.value = value();
        check(clause, name, field ? field->kind : SearchKind::string);
        return clause;
    }
    // "AND", "OR" or "" at the end.
    std::string joint() {
        skip_spaces();
        if (text_.empty()) return {};
        const auto name = word();
        std::string upper = name;
        std::ranges::transform(upper, upper.begin(),
                               [](unsigned char c) { return std::toupper(c); });
        if (upper != "AND" && upper != "OR")
            refuse_query("Expected AND or OR before `" + name + "`.");
        return upper;
    }

private:
    void skip_spaces() {
        while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front()))) {
            text_.remove_prefix(1);
        }
    }
    bool take(std::string_view expected) {
        skip_spaces();
        if (!text_.starts_with(expected)) return false;
        text_.remove_prefix(expected.size());
        return true;
    }
    std::string word() {
        skip_spaces();
        std::size_t length = 0;
        while (length < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[length])) ||
                                         text_[length] == '_' || text_[length] == '.')) {
            ++length;
        }
        if (length == 0) {
            refuse_query(text_.empty() ? "It ends where a field or value was expected."
                                       : "Unexpected `" + std::string(shortened(text_, 10)) + "`.");
        }
        std::string taken(text_.substr(0, length));
        text_.remove_prefix(length);
        return taken;
    }
    std::string key() {
        if (!take("[")) refuse_query("metadata needs a key: metadata[\"key\"].");
        auto name = quoted();
        if (!name || !take("]")) refuse_query("metadata needs a key: metadata[\"key\"].");
        return *name;
    }
    std::string op() {
        for (const auto* known : {">=", "<=", ":", "=", "~", ">", "<"}) {
            if (take(known)) return std::string_view(known) == "=" ? ":" : known;
        }
        refuse_query("Expected one of : = ~ > < >= <= after the field.");
    }
    std::optional<std::string> quoted() {
        skip_spaces();
        if (text_.empty() || (text_.front() != '"' && text_.front() != '\'')) return std::nullopt;
        const char quote = text_.front();
        std::string value;
        for (std::size_t i = 1; i < text_.size(); ++i) {
            if (text_[i] == '\\' && i + 1 < text_.size()) {
                value += text_[++i];
            } else if (text_[i] == quote) {
                text_.remove_prefix(i + 1);
                return value;
            } else {
                value += text_[i];
            }
        }
        refuse_query("A quote is not closed.");
    }
    json::value value() {
        if (auto given = quoted()) return json::value(*given);
        const bool minus = take("-");
        const auto bare = word();
        if (bare == "null" && !minus) return nullptr;
        if ((bare == "true" || bare == "false") && !minus) return bare == "true";
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(bare.data(), bare.data() + bare.size(), number);
        if (error != std::errc() || end != bare.data() + bare.size()) {
            refuse_query("Text values need quotes: \"" + bare + "\".");
        }
        return minus ? -number : number;
    }
    static void check(Clause& clause, const std::string& name, SearchKind kind) {
        const bool orders = clause.op != ":" && clause.op != "~";
        if (clause.value.is_null()) {
            if (clause.op != ":") refuse_query("null can only be asked for with `:`.");
            return;
        }
        if (kind == SearchKind::number) {
            if (clause.value.is_string()) clause.value = number_of(clause.value.get_string(), name);
            if (!clause.value.is_int64() || clause.op == "~") {
                refuse_query("Field `" + name + "` is a number: use : > < >= <= with a number.");
            }
            return;
        }
        if (orders) {
            refuse_query("Field `" + name + "` does not support the operator `" + clause.op + "`.");
        }
        if (kind == SearchKind::boolean) {
            if (clause.value.is_string()) clause.value = clause.value.get_string() == "true";
            if (!clause.value.is_bool() || clause.op == "~") {
                refuse_query("Field `" + name + "` is true or false.");
            }
            return;
        }
        if (!clause.value.is_string()) {
            refuse_query("Field `" + name + "` is text: its value needs quotes.");
        }
        if (clause.op != "~") return;
        if (kind == SearchKind::token) {
            refuse_query("Field `" + name + "` does not support the operator `~`.");
        }
        if (clause.value.get_string().size() < 3) {
            refuse_query("Substring search (`~`) needs at least 3 characters.");
        }
    }
    static std::int64_t number_of(std::string_view digits, const std::string& name) {
        std::int64_t number = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc() || end != digits.data() + digits.size()) {
            refuse_query("Field `" + name + "` is a number.");
        }
        return number;
    }

    std::string_view text_;
    std::span<const SearchField> fields_;
};

const json::value* value_at(const Object& object, const std::string& path, const std::string& key) {
    if (path == "metadata") return child(object, "metadata").if_contains(key);
    const Object* holder = &object;
    std::string_view left = path;
    for (;;) {
        const auto dot = left.find('.');
        const auto* found = holder->if_contains(left.substr(0, dot));
        if (dot == std::string_view::npos || !found) return found;
        if (!found->is_object()) return nullptr;
        holder = &found->get_object();
        left.remove_prefix(dot + 1);
    }
}

bool holds(const Clause& clause, const Object& object) {
    const auto* found = value_at(object, clause.path, clause.key);
    const bool absent = !found || found->is_null();
    if (clause.value.is_null()) return absent;
    if (absent) return false;
    if (clause.value.is_bool()) return *found == clause.value;
    if (clause.value.is_string()) {
        if (!found->is_string()) return false;
        const auto there = lower(found->get_string());
        const auto wanted = lower(clause.value.get_string());
        return clause.op == "~" ? there.find(wanted) != std::string::npos : there == wanted;
    }
    if (!found->is_int64() && !found->is_uint64()) return false;
    const auto there = found->to_number<std::int64_t>();
    const auto wanted = clause.value.get_int64();
    if (clause.op == ">") return there > wanted;
    if (clause.op == "<") return there < wanted;
    if (clause.op == ">=") return there >= wanted;
    if (clause.op == "<=") return there <= wanted;
    return there == wanted;
}

}  // namespace

SearchQuery SearchQuery::parse(std::string_view query, std::span<const SearchField> fields) {
    SearchQuery parsed;
    Reader reader(query, fields);
    std::string joint;
    for (;;) {
        parsed.clauses_.push_back(reader.clause());
        if (parsed.clauses_.size() > search_clauses_max) {
            refuse_query("A query may have at most 10 clauses.");
        }
        const auto next = reader.joint();
        if (next.empty()) break;
        if (!joint.empty() && next != joint) {
            refuse_query("AND and OR can't be mixed in one query.");
        }
        joint = next;
    }
    parsed.any_ = joint == "OR";
    return parsed;
}

bool SearchQuery::matches(const Object& object) const {
    const auto holds_for = [&](const Clause& clause) {
        return holds(clause, object) != clause.negated;
    };
    return any_ ? std::ranges::any_of(clauses_, holds_for)
                : std::ranges::all_of(clauses_, holds_for);
}

}  // namespace paydesk::sandbox::stripe
