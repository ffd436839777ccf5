#include "sandbox/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/ids.h"

namespace paydesk::sandbox {
namespace {

namespace fs = std::filesystem;

class StoreTest : public testing::Test {
protected:
    StoreTest() : folder_(fs::temp_directory_path() / ("paydesk-store-" + random_hex(8))) {}
    ~StoreTest() override { fs::remove_all(folder_); }
    fs::path folder_;
};

TEST_F(StoreTest, KeepsWhatWasCommitted) {
    {
        Store store(folder_);
        store.add("a", "a2",
                  {
                      {"n", 2}
        });
        store.add("a", "a1",
                  {
                      {"n", 1}
        });
        store.add("b", "b1",
                  {
                      {"n", 3}
        });
        store.commit();
        store.edit("a1")["n"] = 10;
        store.erase("b1");
        store.commit();
        store.edit("a2")["n"] = 99;  // never committed
    }
    Store store(folder_);
    EXPECT_EQ(store.ids("a"), (std::vector<std::string>{"a2", "a1"}));
    EXPECT_EQ(store.find("a1")->at("n"), json::value(10));
    EXPECT_EQ(store.find("a2")->at("n"), json::value(2));
    EXPECT_EQ(store.find("b1"), nullptr);
}

TEST_F(StoreTest, IgnoresALineThatWasCutShort) {
    {
        Store store(folder_);
        store.add("a", "a1",
                  {
                      {"n", 1}
        });
        store.commit();
        store.add("a", "a2",
                  {
                      {"n", 2}
        });
        store.commit();
    }
    const auto file = folder_ / "stripe.jsonl";
    fs::resize_file(file, fs::file_size(file) - 5);
    Store store(folder_);
    EXPECT_NE(store.find("a1"), nullptr);
    EXPECT_EQ(store.find("a2"), nullptr);
}

TEST_F(StoreTest, TakesBack) {
    Store store;
    store.add("a", "a1",
              {
                  {"n", 1}
    });
    store.add("a", "a2",
              {
                  {"n", 2}
    });
    store.commit();
    store.edit("a1")["n"] = 5;
    store.erase("a2");
    store.add("a", "a3", {});
    store.rollback();
    EXPECT_EQ(store.ids("a"), (std::vector<std::string>{"a1", "a2"}));
    EXPECT_EQ(store.find("a1")->at("n"), json::value(1));
}

TEST_F(StoreTest, RefusesASecondUser) {
    Store store(folder_);
    EXPECT_THROW(Store{folder_}, Unavailable);
}

}  // namespace
}  // namespace paydesk::sandbox
