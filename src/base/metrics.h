#pragma once
// Counters, gauges and histograms in Prometheus' format, served at /metrics.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace paydesk::metrics {

using Label = std::pair<std::string_view, std::string_view>;

// Adds to the counter `name` with these labels; it is made on first use. Thread-safe.
void count(std::string_view name, std::initializer_list<Label> labels = {}, double by = 1);
void gauge(std::string_view name, double value, std::initializer_list<Label> labels = {});
// Seconds, in buckets from 0.5 ms to 30 s.
void observe_seconds(std::string_view name, double seconds,
                     std::initializer_list<Label> labels = {});

// The text exposition format, version 0.0.4.
std::string exposition();

}  // namespace paydesk::metrics
