#include "base/json_scan.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/basic_parser_impl.hpp>

#include "base/assert.h"
#include "base/json.h"

namespace paydesk {
namespace {

// Told of each token in turn. `at_[depth]` are the paths, as bits, that the keys so far agree with.
class Scanner {
public:
    using Error = json::error_code;
    using Text = json::string_view;
    using Paths = std::uint32_t;

    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);

    explicit Scanner(std::span<const JsonPath> paths) : paths_(paths), leaves(paths.size()) {
        at_[0] = static_cast<Paths>((std::uint64_t{1} << paths.size()) - 1);
    }

    bool on_document_begin(Error&) { return true; }
    bool on_document_end(Error&) { return true; }

    bool on_object_begin(Error&) {
        enter(depth_ == 0 ? at_[0] : value_of_);
        return true;
    }
    bool on_object_end(std::size_t, Error&) { return leave(); }
    bool on_array_begin(Error&) {
        enter(0);
        return true;
    }
    bool on_array_end(std::size_t, Error&) { return leave(); }

    bool on_key_part(Text part, std::size_t, Error&) {
        if (at_[depth_] != 0) text_.append(part.data(), part.size());
        return true;
    }
    bool on_key(Text rest, std::size_t, Error&) {
        value_of_ = 0;
        if (at_[depth_] == 0) return true;
        const std::string_view key = whole(rest);
        for (std::size_t i = 0; i < paths_.size(); ++i) {
            const bool agrees = (at_[depth_] >> i & 1) != 0 && paths_[i].size() >= depth_ &&
                                paths_[i][depth_ - 1] == key;
            if (!agrees) continue;
            value_of_ |= Paths{1} << i;
            leaves[i] = {};  // what an earlier key of this name held counts no more
        }
        text_.clear();
        return true;
    }

    bool on_string_part(Text part, std::size_t, Error&) {
        if (is_wanted()) text_.append(part.data(), part.size());
        return true;
    }
    bool on_string(Text rest, std::size_t, Error&) {
        if (!is_wanted()) return true;
        keep(std::string(whole(rest)));
        text_.clear();
        return true;
    }
    bool on_number_part(Text, Error&) { return true; }
    bool on_int64(std::int64_t number, Text, Error&) { return keep(number); }
    bool on_uint64(std::uint64_t, Text, Error&) { return keep(std::monostate()); }
    bool on_double(double, Text, Error&) { return keep(std::monostate()); }  // told, not kept
    bool on_bool(bool flag, Error&) { return keep(flag); }
    bool on_null(Error&) { return keep(std::monostate()); }
    bool on_comment_part(Text, Error&) { return true; }
    bool on_comment(Text, Error&) { return true; }

private:
    // A value is wanted only directly under its key: inside an array no key names it.
    bool is_wanted() const { return value_of_ != 0; }

    void enter(Paths paths) {
        ++depth_;
        at_[depth_] = paths;
        value_of_ = 0;
    }
    bool leave() {
        --depth_;
        value_of_ = 0;
        return true;
    }
    std::string_view whole(Text rest) {
        if (text_.empty()) return {rest.data(), rest.size()};
        text_.append(rest.data(), rest.size());
        return text_;
    }
    bool keep(JsonLeaf leaf) {
        for (std::size_t i = 0; value_of_ != 0 && i < paths_.size(); ++i) {
            if ((value_of_ >> i & 1) != 0 && paths_[i].size() == depth_) leaves[i] = leaf;
        }
        value_of_ = 0;
        return true;
    }

    std::span<const JsonPath> paths_;
    std::array<Paths, json_depth_max + 2> at_ = {};
    std::size_t depth_ = 0;
    Paths value_of_ = 0;  // the paths that the key before the next value agrees with
    std::string text_;    // of a key or a string that comes in parts

public:
    std::vector<JsonLeaf> leaves;
};

}  // namespace

Result<std::vector<JsonLeaf>> scan_json(std::string_view text, std::size_t bytes_max,
                                        std::span<const JsonPath> paths) {
    PD_ASSERT(paths.size() <= scan_paths_max);
    if (text.size() > bytes_max) return json_too_long(text.size(), bytes_max);
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::basic_parser<Scanner> parser(options, paths);
    json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read != text.size()) return json_not_valid(read, error);
    return std::move(parser.handler().leaves);
}

}  // namespace paydesk
