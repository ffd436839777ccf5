#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

namespace paydesk::metrics {
namespace {

// Families by name, and their members by labels. A registry is a global by nature: /metrics tells
// of the whole process.
struct Registry {
    std::mutex mutex;
    prometheus::Registry registry;
    std::map<std::string, prometheus::Family<prometheus::Counter>*, std::less<>> counters;
    std::map<std::string, prometheus::Family<prometheus::Gauge>*, std::less<>> gauges;
    std::map<std::string, prometheus::Family<prometheus::Histogram>*, std::less<>> histograms;
    // What was counted or observed before, by name and labels run together: finding it so costs a
    // twentieth of making the labels and asking the family. Members are never removed.
    std::unordered_map<std::string, prometheus::Counter*> known_counters;
    std::unordered_map<std::string, prometheus::Histogram*> known_histograms;
    std::string key;
};

// In `r.key`, whose memory is kept. Neither names nor labels hold control characters.
const std::string& key_of(Registry& r, std::string_view name, std::initializer_list<Label> labels) {
    r.key.assign(name);
    for (const auto& [label, value] : labels) {
        r.key.append(1, '\x1e').append(label).append(1, '\x1f').append(value);
    }
    return r.key;
}

Registry& all() {
    static Registry registry;
    return registry;
}

prometheus::Labels to_labels(std::initializer_list<Label> labels) {
    prometheus::Labels made;
    for (const auto& [name, value] : labels) made.emplace(name, value);
    return made;
}

const prometheus::Histogram::BucketBoundaries second_buckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

}  // namespace

void count(std::string_view name, std::initializer_list<Label> labels, double by) {
    Registry& r = all();
    std::lock_guard lock(r.mutex);
    prometheus::Counter*& known = r.known_counters[key_of(r, name, labels)];
    if (known == nullptr) {
        auto at = r.counters.find(name);
        if (at == r.counters.end()) {
            auto& family = prometheus::BuildCounter().Name(std::string(name)).Register(r.registry);
            at = r.counters.emplace(name, &family).first;
        }
        known = &at->second->Add(to_labels(labels));
    }
    known->Increment(by);
}

void gauge(std::string_view name, double value, std::initializer_list<Label> labels) {
    Registry& r = all();
    std::lock_guard lock(r.mutex);
    auto at = r.gauges.find(name);
    if (at == r.gauges.end()) {
        auto& family = prometheus::BuildGauge().Name(std::string(name)).Register(r.registry);
        at = r.gauges.emplace(name, &family).first;
    }
    at->second->Add(to_labels(labels)).Set(value);
}

void observe_seconds(std::string_view name, double seconds, std::initializer_list<Label> labels) {
    Registry& r = all();
    std::lock_guard lock(r.mutex);
    prometheus::Histogram*& known = r.known_histograms[key_of(r, name, labels)];
    if (known == nullptr) {
        auto at = r.histograms.find(name);
        if (at == r.histograms.end()) {
            auto& family =
                prometheus::BuildHistogram().Name(std::string(name)).Register(r.registry);
            at = r.histograms.emplace(name, &family).first;
        }
        known = &at->second->Add(to_labels(labels), second_buckets);
    }
    known->Observe(seconds);
}

std::string exposition() {
    Registry& r = all();
    std::lock_guard lock(r.mutex);
    return prometheus::TextSerializer().Serialize(r.registry.Collect());
}

}  // namespace paydesk::metrics
