#include "sandbox/stripe/params.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/assert.h"
#include "sandbox/stripe/refusal.h"

namespace paydesk::sandbox::stripe {

struct ParamSpec::Field {
    enum class Type {
        text,
        id,
        integer,
        boolean,
        decimal,
        metadata,
        choice,
        any,
        opaque,  // an object that is not looked into
        unsupported,
        object
    };
    std::string name;
    Type type = Type::text;
    bool required = false;
    bool list = false;
    bool emptyable = false;
    bool scalar = false;  // its type was named: with fields it may be either
    Shape from = Shape::v2023;
    Shape until = Shape::endive;  // including
    std::vector<std::string> choices = {};
    std::vector<Field> fields = {};  // of an object
};

ParamSpec::ParamSpec() = default;
ParamSpec::ParamSpec(ParamSpec&&) noexcept = default;
ParamSpec& ParamSpec::operator=(ParamSpec&&) noexcept = default;
ParamSpec::~ParamSpec() = default;

namespace {

using Field = ParamSpec::Field;
using Type = Field::Type;

// Reads the listing's language (see params.h).
class Listing {
public:
    explicit Listing(std::string_view text) : text_(text) {}

    std::vector<Field> fields() {
        std::vector<Field> fields;
        for (skip_spaces(); !text_.empty() && text_.front() != '}'; skip_spaces()) {
            fields.push_back(field());
        }
        return fields;
    }
    bool at_end() const { return text_.empty(); }

private:
    void skip_spaces() {
        while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front()))) {
            text_.remove_prefix(1);
        }
    }
    bool take(std::string_view expected) {
        if (!text_.starts_with(expected)) return false;
        text_.remove_prefix(expected.size());
        return true;
    }
    std::string word() {
        std::size_t length = 0;
        while (length < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[length])) ||
                                         text_[length] == '_' || text_[length] == '*')) {
            ++length;
        }
        PD_ASSERT(length > 0);
        std::string taken(text_.substr(0, length));
        text_.remove_prefix(length);
        return taken;
    }
    Shape shape() {
        const auto name = word();
        if (name == "acacia") return Shape::acacia;
        if (name == "basil") return Shape::basil;
        if (name == "clover") return Shape::clover;
        if (name == "dahlia") return Shape::dahlia;
        PD_ASSERT(name == "endive");
        return Shape::endive;
    }
    void type(Field& field) {
        field.scalar = true;
        if (take("(")) {
            // "i:(inf)" is a number or one of these, "b:(one_off)" likewise.
            if (field.type == Type::text) field.type = Type::choice;
            do {
                const auto end = text_.find_first_of("|)");
                PD_ASSERT(end != std::string_view::npos && end > 0);
                field.choices.emplace_back(text_.substr(0, end));
                text_.remove_prefix(end);
            } while (take("|"));
            PD_ASSERT(take(")"));
            return;
        }
        const auto name = word();
        if (name == "i" || name == "t")
            field.type = Type::integer;
        else if (name == "b")
            field.type = Type::boolean;
        else if (name == "d")
            field.type = Type::decimal;
        else if (name == "m")
            field.type = Type::metadata;
        else if (name == "id")
            field.type = Type::id;
        else if (name == "any")
            field.type = Type::any;
        else if (name == "o")
            field.type = Type::opaque;
        else if (name == "no")
            field.type = Type::unsupported;
        else
            PD_ASSERT(name == "s");
    }
    Field field() {
        Field field;
        field.name = word();
        for (;;) {
            if (take("[]"))
                field.list = true;
            else if (take("!"))
                field.required = true;
            else if (take("?"))
                field.emptyable = true;
            else if (take(":"))
                type(field);
            else if (take(">="))
                field.from = shape();
            else if (take("<"))
                field.until = static_cast<Shape>(static_cast<int>(shape()) - 1);
            else if (take("{")) {
                if (!field.scalar) field.type = Type::object;
                field.fields = fields();
                PD_ASSERT(take("}"));
            } else
                return field;
        }
    }

    std::string_view text_;
};

std::string inside(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "[" + std::string(name) + "]";
}

// What Stripe knows at this place; nullptr where nobody says.
using Known = const std::vector<Field>*;

Object check_fields(const std::vector<Field>& fields, Known known, const Object& decoded,
                    const std::string& path, Shape shape);

const Field* find_field(const std::vector<Field>& fields, std::string_view name, Shape shape) {
    const Field* found = nullptr;
    for (const Field& field : fields) {
        const bool named = field.name == name || field.name == "*";
        if (named && shape >= field.from && shape <= field.until) found = &field;
    }
    return found;
}

// "-12", "12.5", ".5": what the rest of the program may convert without a second look.
bool is_decimal(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    const auto fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
    const auto digits = [](std::string_view part) {
        return part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return digits(whole) && digits(fraction) && !(whole.empty() && fraction.empty()) &&
           whole.size() <= 12 && fraction.size() <= 12;
}

json::value check_scalar(const Field& field, const std::string& text, const std::string& path) {
    if (text.empty()) {
        if (field.emptyable || field.type == Type::text) return nullptr;
        refuse("parameter_invalid_empty",
               "You passed an empty string for '" + path +
                   "'. We assume empty values are an attempt to unset a parameter; however '" +
                   path + "' cannot be unset. You should remove '" + path +
                   "' from your request or supply a non-empty value.",
               path);
    }
    if (std::ranges::find(field.choices, text) != field.choices.end()) return json::value(text);
    switch (field.type) {
        case Type::integer: {
            std::int64_t value = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), value);
            // Twelve digits hold every amount and every time; sums of them never overflow.
            const bool fits = value <= 999'999'999'999 && value >= -999'999'999'999;
            if (error != std::errc() || end != text.data() + text.size() || !fits) {
                refuse("parameter_invalid_integer", "Invalid integer: " + text, path);
            }
            return value;
        }
        case Type::boolean:
            if (text == "true") return true;
            if (text == "false") return false;
            refuse("", "Invalid boolean: " + text, path);
        case Type::decimal: {
            if (!is_decimal(text)) refuse("", "Invalid decimal: " + text, path);
            return json::value(text);
        }
        case Type::choice: {
            std::string allowed;
            for (std::size_t i = 0; i < field.choices.size(); ++i) {
                if (i > 0) allowed += i + 1 == field.choices.size() ? ", or " : ", ";
                allowed += field.choices[i];
            }
            refuse("", "Invalid " + path + ": must be one of " + allowed, path);
        }
        default:
            if (characters(text) > 5000) {
                refuse("parameter_invalid_string_long",
                       "Invalid string: " + std::string(shortened(text, 10)) +
                           "...; must be at most 5000 characters",
                       path);
            }
            return json::value(text);
    }
}

json::value check_metadata(const json::value& decoded, const std::string& path) {
    if (decoded.is_string() && decoded.get_string().empty()) return nullptr;
    if (!decoded.is_object()) refuse("", "Invalid object", path);
    const auto& map = decoded.get_object();
    if (map.size() > 50) {
        refuse("", "You can only specify up to 50 keys in metadata.", path);
    }
    for (const auto& [key, value] : map) {
        const std::string name(key);
        if (!value.is_string()) refuse("", "Metadata values must be strings.", inside(path, name));
        if (characters(name) > 40) {
            refuse(
                "",
                "Metadata keys can have up to 40 characters, but you passed in \"" + name + "\".",
                path);
        }
        if (const auto length = characters(value.get_string()); length > 500) {
            refuse("",
                   "Metadata values can have up to 500 characters, but you passed in a value "
                   "that is " +
                       std::to_string(length) + " characters.",
                   inside(path, name));
        }
    }
    return decoded;
}

json::value check_one(const Field& field, Known known, const json::value& decoded,
                      const std::string& path, Shape shape) {
    if (field.scalar && !field.fields.empty() && decoded.is_object()) {
        return check_fields(field.fields, known, decoded.get_object(), path, shape);
    }
    switch (field.type) {
        case Type::any:
            return decoded;
        case Type::opaque:
            if (!decoded.is_object()) refuse("", "Invalid object", path);
            return decoded;
        case Type::unsupported:
            refuse_unsupported("the parameter `" + path + "`", path);
        case Type::metadata:
            return check_metadata(decoded, path);
        case Type::object:
            if (decoded.is_string() && decoded.get_string().empty()) {
                if (field.emptyable) return nullptr;
                return check_scalar(Field{.name = field.name, .type = Type::id}, "", path);
            }
            if (!decoded.is_object()) refuse("", "Invalid object", path);
            return check_fields(field.fields, known, decoded.get_object(), path, shape);
        default:
            if (!decoded.is_string()) refuse("", "Invalid string: {}", path);
            return check_scalar(field, std::string(decoded.get_string()), path);
    }
}

json::value check_list(const Field& field, Known known, const json::value& decoded,
                       const std::string& path, Shape shape) {
    if (decoded.is_string() && decoded.get_string().empty()) return json::array();
    if (!decoded.is_object()) refuse("", "Invalid array", path);
    std::vector<std::pair<std::int64_t, const json::value*>> elements;
    for (const auto& [key, value] : decoded.get_object()) {
        std::int64_t index = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        if (error != std::errc() || end != key.data() + key.size())
            refuse("", "Invalid array", path);
        elements.emplace_back(index, &value);
    }
    std::sort(elements.begin(), elements.end());
    json::array list;
    for (const auto& [index, value] : elements) {
        list.push_back(check_one(field, known, *value, inside(path, std::to_string(index)), shape));
    }
    return list;
}

// Refuses what Stripe would: its types, looked up for this version. `deep`: its fields too, where the
// sandbox's own listing does not look.
void check_known(const Field& known, const json::value& decoded, const std::string& path,
                 Shape shape, bool deep);

void check_known_one(const Field& known, const json::value& decoded, const std::string& path,
                     Shape shape, bool deep) {
    if (known.type == Type::any) return;
    if (decoded.is_string() && decoded.get_string().empty()) return;
    const bool may_be_object = !known.fields.empty() || known.type == Type::opaque;
    if (!decoded.is_object() || !may_be_object) {
        check_one(known, nullptr, decoded, path, shape);
        return;
    }
    if (!deep || known.fields.empty()) return;
    for (const auto& [key, value] : decoded.get_object()) {
        const auto here = inside(path, key);
        const Field* field = find_field(known.fields, key, shape);
        if (!field) refuse("parameter_unknown", "Received unknown parameter: " + here, here);
        check_known(*field, value, here, shape, true);
    }
}

void check_known(const Field& known, const json::value& decoded, const std::string& path,
                 Shape shape, bool deep) {
    if (!known.list) {
        check_known_one(known, decoded, path, shape, deep);
        return;
    }
    if (decoded.is_string() && decoded.get_string().empty()) return;
    if (!decoded.is_object()) refuse("", "Invalid array", path);
    for (const auto& [key, value] : decoded.get_object()) {
        if (key.find_first_not_of("0123456789") != std::string_view::npos || key.size() > 9) {
            refuse("", "Invalid array", path);
        }
        check_known_one(known, value, inside(path, key), shape, deep);
    }
}

const Field& expand_field() {
    static const Field field{.name = "expand", .type = Type::id, .list = true};
    return field;
}

Object check_fields(const std::vector<Field>& fields, Known known, const Object& decoded,
                    const std::string& path, Shape shape) {
    Object checked;
    for (const auto& [key, value] : decoded) {
        const auto here = inside(path, key);
        const bool expands = path.empty() && key == "expand";
        const Field* field = expands ? &expand_field() : find_field(fields, key, shape);
        const Field* heard = known && !expands ? find_field(*known, key, shape) : nullptr;
        if (known && !heard && !expands) field = nullptr;
        if (!field && key == "payment_method_types" && shape == Shape::endive) {
            refuse("payment_method_types_no_longer_supported",
                   "The `payment_method_types` parameter is no longer supported in this API "
                   "version. Use `allowed_payment_method_types`, or leave it out.",
                   here);
        }
        if (!field && heard) refuse_unsupported("the parameter `" + here + "`", here);
        if (!field) refuse("parameter_unknown", "Received unknown parameter: " + here, here);
        if (heard && field->type != Type::unsupported) {
            check_known(*heard, value, here, shape, field->type == Type::any);
        }
        const Known inner = heard && !heard->fields.empty() ? &heard->fields : nullptr;
        checked[key] = field->list ? check_list(*field, inner, value, here, shape)
                                   : check_one(*field, inner, value, here, shape);
    }
    for (const Field& field : fields) {
        if (!field.required || shape < field.from || shape > field.until) continue;
        if (!present(checked, field.name)) refuse_missing_param(inside(path, field.name));
    }
    return checked;
}

}  // namespace

ParamSpec ParamSpec::parse(std::string_view listing, std::string_view known) {
    const auto read = [](std::string_view text) {
        Listing reader(text);
        auto fields = reader.fields();
        PD_ASSERT(reader.at_end());
        return fields;
    };
    ParamSpec spec;
    spec.fields_ = read(listing);
    spec.known_ = read(known);
    spec.knows_ = !known.empty();
    return spec;
}

Object ParamSpec::check(const Object& decoded, Shape shape) const {
    // A route that the version lacks altogether says so itself.
    const bool lacks = !known_.empty() && std::ranges::none_of(known_, [&](const Field& field) {
        return shape >= field.from && shape <= field.until;
    });
    return check_fields(fields_, knows_ && !lacks ? &known_ : nullptr, decoded, "", shape);
}

}  // namespace paydesk::sandbox::stripe
