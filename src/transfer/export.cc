#include "transfer/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/clock.h"
#include "base/json.h"
#include "db/blocking_connection.h"
#include "transfer/table_store.h"

namespace paydesk::transfer {

namespace {

namespace fs = std::filesystem;

class File {
public:
    explicit File(fs::path path) : path_(std::move(path)) {
        if (fs::exists(path_)) {
            throw Unavailable(path_.string() +
                              " is there already: choose an empty folder with --to.");
        }
        stream_.open(path_, std::ios::binary);
        check();
    }
    void write(std::string_view text) {
        stream_.write(text.data(), static_cast<std::streamsize>(text.size()));
        check();
    }
    void close() {
        stream_.close();
        check();
    }

private:
    void check() {
        if (stream_) return;
        throw Unavailable("cannot write " + path_.string() + ": " + std::strerror(errno));
    }

    fs::path path_;
    std::ofstream stream_;
};

// RFC 4180; NULL is an empty field, an empty text is "".
void append_csv(std::string& line, const std::optional<std::string>& value) {
    if (!value) return;
    const bool plain = !value->empty() && value->find_first_of(",\"\r\n") == std::string::npos;
    if (plain) {
        line += *value;
        return;
    }
    line += '"';
    for (const char c : *value) {
        if (c == '"') line += '"';
        line += c;
    }
    line += '"';
}

std::int64_t write_csv(table_store::Reader& reader, const table_store::Table& table,
                       const fs::path& folder) {
    File file(folder / (table.name + ".csv"));
    file.write(fmt::format("{}\r\n", fmt::join(table.columns, ",")));
    std::int64_t count = 0;
    reader.read(table, [&](const db::Rows& rows) {
        std::string text;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            for (std::size_t i = 0; i < table.columns.size(); ++i) {
                if (i > 0) text += ',';
                append_csv(text, rows.optional_text(row, table.columns[i]));
            }
            text += "\r\n";
        }
        count += static_cast<std::int64_t>(rows.size());
        file.write(text);
    });
    file.close();
    return count;
}

std::int64_t write_sql(table_store::Reader& reader, const table_store::Table& table, File& file) {
    std::int64_t count = 0;
    file.write(fmt::format("\nalter table paydesk.{} disable trigger user;\n", table.name));
    reader.read_quoted(table, [&](const db::Rows& rows) {
        if (rows.empty()) return;
        std::string text = fmt::format(R"(insert into paydesk.{} ("{}") values)", table.name,
                                       fmt::join(table.columns, R"(", ")")) +
                           "\n";
        for (std::size_t row = 0; row < rows.size(); ++row) {
            text += rows.text(row, "quoted");
            text += row + 1 < rows.size() ? ",\n" : "\n";
        }
        text += fmt::format(R"(on conflict ("{}") do nothing;)", fmt::join(table.key, R"(", ")")) +
                "\n";
        count += static_cast<std::int64_t>(rows.size());
        file.write(text);
    });
    file.write(fmt::format("alter table paydesk.{} enable trigger user;\n", table.name));
    return count;
}

constexpr std::string_view restore_head =
    R"(-- Written by `paydesk export --format sql`. Restores everything into an empty database of the same version:
--     paydesk migrate, then: psql -v ON_ERROR_STOP=1 -f restore.sql "$PAYDESK_MIGRATION_URL"
-- as the owner of the tables, who bypasses row level security (Supabase: postgres). What is there stays.
begin;
)";

void write_manifest(table_store::Reader& reader, const std::vector<ExportedTable>& tables,
                    const fs::path& folder) {
    json::array list;
    for (const auto& table : tables) {
        list.push_back(json::object{
            {"table", table.name         },
            {"rows",  table.rows         },
            {"file",  table.name + ".csv"}
        });
    }
    File file(folder / "manifest.json");
    file.write(json::serialize(json::object{
                   {"paydesk",    PAYDESK_VERSION                },
                   {"made_at",    to_iso8601(SystemClock{}.now())},
                   {"migrations", reader.newest_migration()      },
                   {"amounts",    "minor units of the currency"  },
                   {"tables",     std::move(list)                }
    }) +
               "\n");
    file.close();
}

}  // namespace

std::vector<ExportedTable> export_all(const ExportOptions& options) {
    std::error_code failure;
    fs::create_directories(options.folder, failure);
    if (failure) {
        throw Unavailable("cannot make the folder " + options.folder.string() + ": " +
                          failure.message());
    }
    table_store::Reader reader(options.url);
    std::vector<ExportedTable> exported;
    if (options.format == Format::csv) {
        for (const auto& table : reader.tables()) {
            exported.push_back({table.name, write_csv(reader, table, options.folder)});
        }
        write_manifest(reader, exported, options.folder);
        return exported;
    }
    File file(options.folder / "restore.sql");
    file.write(restore_head);
    for (const auto& day : reader.usage_days())
        file.write(fmt::format("select paydesk.make_usage_partitions('{0}', '{0}');\n", day));
    for (const auto& table : reader.tables()) {
        exported.push_back({table.name, write_sql(reader, table, file)});
    }
    file.write("\ncommit;\n");
    file.close();
    return exported;
}

}  // namespace paydesk::transfer
