// The JSON of events, read without building it: Boost.JSON's parser tells each token.
#include <fmt/format.h>

#include <array>
#include <boost/json/basic_parser_impl.hpp>

#include "base/json.h"
#include "usage/event_input.h"

namespace paydesk::usage {
namespace {

struct KnownField {
    std::string_view name;
    std::optional<std::string> EventInput::* field;
    bool is_number;  // a number is as good as a text
};
constexpr std::array known_fields = {
    KnownField{"metric",         &EventInput::metric,    false},
    KnownField{"metricName",     &EventInput::metric,    false},
    KnownField{"feature",        &EventInput::metric,    false},
    KnownField{"quantity",       &EventInput::quantity,  true },
    KnownField{"timestamp",      &EventInput::timestamp, false},
    KnownField{"idempotencyKey", &EventInput::key,       false},
    KnownField{"value",          &EventInput::value,     false},
    KnownField{"accountId",      &EventInput::account,   false},
};

// JSON text in the making, of tokens as they come.
class JsonWriter {
public:
    void begin(char bracket) {
        separate();
        text_ += bracket;
        first_ = true;
    }
    void end(char bracket) {
        text_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        separate();
        text_ += quoted(name);
        text_ += ':';
        first_ = true;
    }
    void token(std::string_view token) {
        separate();
        text_ += token;
    }
    void string(std::string_view value) { token(quoted(value)); }
    std::string take() {
        first_ = true;
        return std::exchange(text_, {});
    }
    std::size_t size() const { return text_.size(); }

private:
    static std::string quoted(std::string_view text) {
        return json::serialize(json::string(without_nul(text)));  // jsonb has no U+0000
    }
    void separate() {
        if (!std::exchange(first_, false)) text_ += ',';
    }
    std::string text_;
    bool first_ = true;
};

class Reader {
public:
    using Error = json::error_code;
    using Text = json::string_view;

    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    explicit Reader(BodyShape shape) : list_depth_(shape == BodyShape::one ? 0 : 1) {}

    std::vector<EventInput> events;
    std::string wrong_shape;  // why the whole is refused
    bool too_many = false;

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }

    bool on_object_begin(Error&) {
        ++depth_;
        if (in_metadata_) {
            writer_.begin('{');
        } else if (is_event_depth()) {
            add_event();
        } else if (depth_ == 1) {
            list_depth_ = 2;  // {"events": [...]}
        } else if (in_event() && field_name_ == "metadata") {
            in_metadata_ = true;
            writer_.begin('{');
        } else if (in_event()) {
            wrong_type();
        }
        return true;
    }
    bool on_object_end(std::size_t, Error&) {
        if (in_metadata_) {
            writer_.end('}');
            if (depth_ == event_depth() + 1) keep_metadata();
        }
        --depth_;
        return true;
    }
    bool on_array_begin(Error&) {
        ++depth_;
        if (in_metadata_) {
            writer_.begin('[');
        } else if (depth_ == 1 && list_depth_ == 0) {
            wrong_shape = "The body must be a JSON object.";
        } else if (is_event_depth()) {
            add_event().errors.push_back({"", "An event is a JSON object."});
        } else if (in_event()) {
            wrong_type();
        }
        if (depth_ == list_depth_) saw_list_ = true;
        return true;
    }
    bool on_array_end(std::size_t, Error&) {
        if (in_metadata_) writer_.end(']');
        --depth_;
        return true;
    }

    bool on_key_part(Text part, std::size_t, Error&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(Text rest, std::size_t, Error&) {
        const std::string key = whole(rest);
        if (in_metadata_) {
            writer_.key(key);
        } else if (depth_ == event_depth()) {
            start_field(key);
        } else if (depth_ == 1 && key != "events") {
            wrong_shape =
                "The body must be a list of events, or an object with the list events; \"" +
                key.substr(0, 60) + "\" is not known.";
        }
        return true;
    }

    bool on_string_part(Text part, std::size_t, Error&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(Text rest, std::size_t, Error&) {
        std::string text = whole(rest);
        if (in_metadata_) {
            writer_.string(text);
        } else if (field_ != nullptr && depth_ == event_depth()) {
            events.back().*field_->field = std::move(text);
        } else {
            stray();
        }
        return true;
    }
    bool on_number_part(Text part, Error&) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool on_int64(std::int64_t, Text digits, Error&) { return number(digits); }
    bool on_uint64(std::uint64_t, Text digits, Error&) { return number(digits); }
    // Its digits count, not what they come near to in binary.
    template <class Approximation>
    bool on_double(Approximation, Text digits, Error&) {
        return number(digits);
    }
    bool on_bool(bool flag, Error&) { return word(flag ? "true" : "false"); }
    bool on_null(Error&) {
        if (in_metadata_) return word("null");
        if (depth_ == event_depth()) return true;  // as if it were not there
        stray();
        return true;
    }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }

    bool saw_list() const { return saw_list_; }

private:
    std::size_t event_depth() const { return list_depth_ + 1; }
    bool is_event_depth() const {
        return depth_ == event_depth() && (list_depth_ < 2 || saw_list_);
    }
    bool in_event() const { return depth_ > event_depth() && !events.empty(); }

    EventInput& add_event() {
        too_many |= events.size() == batch_events_max;
        if (too_many) events.pop_back();
        field_ = nullptr;
        field_name_.clear();
        return events.emplace_back();
    }

    void start_field(const std::string& key) {
        field_ = nullptr;
        field_name_ = key;
        if (key == "metadata") return;
        for (const KnownField& known : known_fields) {
            if (known.name == key) field_ = &known;
        }
        if (field_ == nullptr) {
            error(key.substr(0, 60),
                  "is not known; known are metric, quantity, timestamp, idempotencyKey, "
                  "value, metadata and accountId.");
        }
    }

    void error(std::string field, std::string message) {
        constexpr std::size_t errors_max = 10;  // of one event; nobody mends more at once
        if (events.back().errors.size() < errors_max)
            events.back().errors.push_back({std::move(field), std::move(message)});
    }

    // Once for each value: what is inside of it is skipped.
    void wrong_type() {
        if (depth_ != event_depth() + 1) return;
        if (field_ != nullptr)
            error(field_name_, field_->is_number ? "must be a number." : "must be text.");
        if (field_name_ == "metadata") error(field_name_, "must be an object.");
    }

    // A scalar where none of ours is.
    void stray() {
        if (depth_ == event_depth() && !events.empty()) {
            if (field_ != nullptr)
                error(field_name_, field_->is_number ? "must be a number." : "must be text.");
            if (field_name_ == "metadata") error(field_name_, "must be an object.");
        } else if (depth_ == list_depth_ && depth_ > 0 && saw_list_) {
            add_event().errors.push_back({"", "An event is a JSON object."});
        } else if (depth_ == 0) {
            wrong_shape = "The body must be a JSON object.";
        }
    }

    bool number(Text rest) {
        const std::string digits = whole(rest);
        if (in_metadata_) {
            writer_.token(digits);
        } else if (field_ != nullptr && field_->is_number && depth_ == event_depth()) {
            events.back().*field_->field = digits;
        } else {
            stray();
        }
        return true;
    }

    bool word(std::string_view text) {
        if (in_metadata_) {
            writer_.token(text);
        } else {
            stray();
        }
        return true;
    }

    void keep_metadata() {
        in_metadata_ = false;
        std::string text = writer_.take();
        if (text.size() > metadata_bytes_max) {
            error("metadata", fmt::format("may have {} bytes.", metadata_bytes_max));
        } else {
            events.back().metadata = std::move(text);
        }
    }

    std::string whole(Text rest) {
        std::string text = std::exchange(text_, {});
        text.append(rest.data(), rest.size());
        return text;
    }

    std::size_t list_depth_;  // of the array that holds the events; 0: there is one event
    std::size_t depth_ = 0;
    bool saw_list_ = false;
    bool in_metadata_ = false;
    const KnownField* field_ = nullptr;
    std::string field_name_;
    std::string text_;  // of what comes in parts
    JsonWriter writer_;
};

Error malformed(std::string message) { return {ErrorCode::malformed_request, std::move(message)}; }

}  // namespace

Result<std::vector<EventInput>> read_events(std::string_view text, BodyShape shape) {
    if (text.find_first_not_of(" \t\r\n") == text.npos)
        return malformed("The body is empty: send what was used as JSON.");
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::basic_parser<Reader> parser(options, shape);
    json::error_code failure;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
    if (failure || read != text.size()) return malformed(json_not_valid(read, failure).message);
    Reader& reader = parser.handler();
    if (!reader.wrong_shape.empty()) return malformed(std::move(reader.wrong_shape));
    if (shape == BodyShape::many && !reader.saw_list())
        return malformed("The body must be a list of events, or an object with the list events.");
    if (shape == BodyShape::one && reader.events.empty())
        return malformed("The body must be a JSON object.");
    if (reader.too_many) {
        return Error{ErrorCode::invalid_input,
                     fmt::format("One request may have {} events: send the rest in another.",
                                 batch_events_max)};
    }
    return std::move(reader.events);
}

Result<std::vector<EventInput>> read_event_lines(std::string_view text) {
    std::vector<EventInput> events;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.find_first_not_of(" \t") == line.npos) continue;
        if (events.size() == batch_events_max) {
            return Error{ErrorCode::invalid_input,
                         fmt::format("One request may have {} events: send the rest in another.",
                                     batch_events_max)};
        }
        auto read = read_events(line, BodyShape::one);
        if (read) {
            events.push_back(std::move(read->front()));
        } else {
            events.emplace_back().errors.push_back({"", read.error().message});
        }
    }
    return events;
}

}  // namespace paydesk::usage
