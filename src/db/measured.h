#pragma once
// Measures one statement, and counts its failure, by its name and its SQLSTATE. Inside db/ only.

#include <chrono>

#include "base/metrics.h"
#include "base/task.h"
#include "db/database.h"

namespace paydesk::db {

class Measured {
public:
    explicit Measured(const char* name) : name_(name), started_(Timer::clock_type::now()) {}
    ~Measured() {
        const std::chrono::duration<double> took = Timer::clock_type::now() - started_;
        metrics::observe_seconds("db_statement_seconds", took.count(),
                                 {
                                     {"statement", name_}
        });
    }
    Measured(const Measured&) = delete;
    Measured& operator=(const Measured&) = delete;

    static void failed(const Failure& failure) {
        metrics::count("db_errors_total", {
                                              {"sqlstate", failure.sqlstate}
        });
    }

private:
    const char* name_;
    Timer::time_point started_;
};

}  // namespace paydesk::db
