#include "sandbox/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/assert.h"
#include "base/error.h"

namespace paydesk::sandbox {
namespace {

void write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            throw Unavailable(std::string("cannot write the sandbox's state: ") +
                              std::strerror(errno));
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

Store::Store(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        throw Unavailable("cannot make the state folder " + folder.string() + ": " +
                          error.message());
    }
    const auto lock_file = folder / "lock";
    lock_ = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        throw Unavailable("cannot write in the state folder " + folder.string() + ": " +
                          std::strerror(errno));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        throw Unavailable("another sandbox uses the state folder " + folder.string() +
                          ": stop it or name another with --state");
    }

    const auto file = folder / "stripe.jsonl";
    const auto fresh = folder / "stripe.jsonl.new";
    load(file);

    file_ = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (file_ < 0) {
        throw Unavailable("cannot write " + fresh.string() + ": " + std::strerror(errno));
    }
    std::vector<std::pair<std::uint64_t, const std::string*>> order;
    for (const auto& [id, entry] : entries_) order.emplace_back(entry.sequence, &id);
    std::sort(order.begin(), order.end());
    for (const auto& [sequence, id] : order) {
        write_all(file_, "[" + line_of(*id, entries_.find(*id)->second) + "]\n");
    }
    std::filesystem::rename(fresh, file);
}

Store::~Store() {
    if (file_ >= 0) ::close(file_);
    if (lock_ >= 0) ::close(lock_);
}

void Store::load(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line);) {
        boost::system::error_code error;
        const json::value parsed = json::parse(line, error);
        // Only the last line can be cut short; what was never whole was never committed.
        if (error || !parsed.is_array()) continue;
        for (const json::value& change : parsed.get_array()) {
            const auto& fields = change.as_object();
            const std::string id(fields.at("id").as_string());
            if (fields.at("value").is_null()) {
                if (entries_.contains(id)) drop(id);
                continue;
            }
            const auto sequence = fields.at("sequence").to_number<std::uint64_t>();
            if (entries_.contains(id)) {
                entries_.find(id)->second.value = fields.at("value").as_object();
            } else {
                place(id, {sequence, std::string(fields.at("kind").as_string()),
                           fields.at("value").as_object()});
            }
            next_sequence_ = std::max(next_sequence_, sequence + 1);
        }
    }
}

const json::object* Store::find(std::string_view id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? nullptr : &found->second.value;
}

const json::object* Store::find(std::string_view kind, std::string_view id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() || found->second.kind != kind ? nullptr : &found->second.value;
}

void Store::place(const std::string& id, Entry entry) {
    auto& ids = ids_[entry.kind];
    const auto later = std::upper_bound(ids.begin(), ids.end(), entry.sequence,
                                        [&](std::uint64_t sequence, const std::string& other) {
                                            return sequence < entries_.find(other)->second.sequence;
                                        });
    ids.insert(later, id);
    entries_.emplace(id, std::move(entry));
}

void Store::drop(const std::string& id) {
    const auto found = entries_.find(id);
    auto& ids = ids_[found->second.kind];
    ids.erase(std::find(ids.begin(), ids.end(), id));
    entries_.erase(found);
}

void Store::remember(const std::string& id) {
    if (undo_.contains(id)) return;
    const auto found = entries_.find(id);
    undo_.emplace(id, found == entries_.end() ? Undo{false, {}} : Undo{true, found->second});
}

json::object& Store::add(std::string_view kind, std::string_view id, json::object value) {
    const std::string key(id);
    PD_ASSERT(!entries_.contains(key));
    remember(key);
    place(key, {next_sequence_++, std::string(kind), std::move(value)});
    return entries_.find(key)->second.value;
}

json::object& Store::edit(std::string_view id) {
    const auto found = entries_.find(id);
    PD_ASSERT(found != entries_.end());
    remember(found->first);
    return found->second.value;
}

void Store::erase(std::string_view id) {
    const std::string key(id);
    if (!entries_.contains(key)) return;
    remember(key);
    drop(key);
}

const std::vector<std::string>& Store::ids(std::string_view kind) const {
    static const std::vector<std::string> none;
    const auto found = ids_.find(kind);
    return found == ids_.end() ? none : found->second;
}

std::string Store::line_of(const std::string& id, const Entry& entry) {
    return json::serialize(json::object{
        {"id",       id            },
        {"sequence", entry.sequence},
        {"kind",     entry.kind    },
        {"value",    entry.value   }
    });
}

void Store::commit() {
    if (undo_.empty()) return;
    if (file_ >= 0) {
        std::string line = "[";
        for (const auto& [id, undo] : undo_) {
            if (line.size() > 1) line += ',';
            const auto found = entries_.find(id);
            line += found == entries_.end() ? json::serialize(json::object{
                                                  {"id",    id     },
                                                  {"value", nullptr}
            })
                                            : line_of(id, found->second);
        }
        write_all(file_, line + "]\n");
    }
    undo_.clear();
}

void Store::rollback() {
    auto undo = std::move(undo_);
    undo_.clear();
    for (auto& [id, before] : undo) {
        if (entries_.contains(id)) drop(id);
        if (before.existed) place(id, std::move(before.entry));
    }
}

}  // namespace paydesk::sandbox
