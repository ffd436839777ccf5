#pragma once
// All state of the sandbox: JSON objects by id, kept in one append-only file.
//
// One commit is one line of the file, so it is there whole or not at all: a line cut short by a
// kill is ignored at the next start. The file is rewritten (to a new one, then renamed) at start.
// One thread.

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace paydesk::sandbox {

namespace json = boost::json;

class Store {
public:
    // In memory only. For tests.
    Store() = default;
    // Reads what `folder` holds; makes it if missing.
    // Throws Unavailable, naming the file, when the folder cannot be written or is in use.
    explicit Store(const std::filesystem::path& folder);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    // nullptr when there is no such object. Valid until the object is erased.
    const json::object* find(std::string_view id) const;
    // As find(), but only an object of that kind.
    const json::object* find(std::string_view kind, std::string_view id) const;

    // Adds an object. REQUIRES: no object has this id.
    json::object& add(std::string_view kind, std::string_view id, json::object value);
    // For changing in place; belongs to the commit under way. REQUIRES: the object exists.
    json::object& edit(std::string_view id);
    void erase(std::string_view id);

    // Ids of one kind, oldest first.
    const std::vector<std::string>& ids(std::string_view kind) const;

    void commit();
    // Takes back everything since the last commit().
    void rollback();

private:
    struct Entry {
        std::uint64_t sequence;
        std::string kind;
        json::object value;
    };
    struct Undo {
        bool existed;
        Entry entry;
    };
    void remember(const std::string& id);
    void load(const std::filesystem::path& file);
    void place(const std::string& id, Entry entry);
    void drop(const std::string& id);
    static std::string line_of(const std::string& id, const Entry& entry);

    std::map<std::string, Entry, std::less<>> entries_;
    std::map<std::string, std::vector<std::string>, std::less<>> ids_;
    std::map<std::string, Undo, std::less<>> undo_;  // since the last commit
    std::uint64_t next_sequence_ = 1;
    int file_ = -1;
    int lock_ = -1;
};

}  // namespace paydesk::sandbox
