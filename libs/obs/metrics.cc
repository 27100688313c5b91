#include "libs/obs/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string_view>

#include "libs/core/check.h"

namespace ttx::obs {
namespace {

using PromLabels = std::map<std::string, std::string>;

enum class Kind { kCounter, kGauge, kLatency, kSize };

const std::vector<double>& Buckets(Kind kind) {
  static const std::vector<double> kSeconds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
                                            0.005,   0.01,   0.025,   0.05,   0.1,   0.25,
                                            0.5,     1,      2.5,     5,      10};
  static const std::vector<double> kPowers = [] {
    std::vector<double> powers;
    for (int i = 0; i <= 16; ++i) powers.push_back(1 << i);
    return powers;
  }();
  return kind == Kind::kLatency ? kSeconds : kPowers;
}

bool ValidName(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What is known of one metric name. Families and series belong to the registry and are never removed.
struct Metric {
  Kind kind;
  std::set<std::string> label_names;
  std::set<PromLabels> label_sets;
  void* family = nullptr;
};

class Metrics {
 public:
  // Never destroyed: handles may be used by threads that outlive main's statics.
  static Metrics& Get() {
    static Metrics* const kMetrics = new Metrics;
    return *kMetrics;
  }

  template <class T>
  T& Make(Kind kind, const std::string& name, const std::string& help, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    TTX_CHECK(ValidName(name), "the name of a metric");
    const auto [it, made] = metrics_.try_emplace(name);
    Metric& metric = it->second;
    if (made) {
      metric.kind = kind;
      for (const auto& label : labels) metric.label_names.insert(label.first);
      metric.family = &BuildFamily<T>(name, help);
    }
    TTX_CHECK(metric.kind == kind, "a metric was made as two kinds");
    auto& family = *static_cast<prometheus::Family<T>*>(metric.family);
    if constexpr (std::is_same_v<T, prometheus::Histogram>) {
      return family.Add(Bounded(metric, labels), Buckets(kind));
    } else {
      return family.Add(Bounded(metric, labels));
    }
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(registry_.Collect()); }

 private:
  template <class T>
  prometheus::Family<T>& BuildFamily(const std::string& name, const std::string& help) {
    if constexpr (std::is_same_v<T, prometheus::Counter>) {
      return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
    } else if constexpr (std::is_same_v<T, prometheus::Gauge>) {
      return prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
    } else {
      return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
    }
  }

  static PromLabels Bounded(Metric& metric, const Labels& labels) {
    PromLabels wanted(labels.begin(), labels.end());
    std::set<std::string> names;
    for (const auto& [name, value] : wanted) names.insert(name);
    TTX_CHECK(names == metric.label_names, "a metric was made with other label names");
    if (!metric.label_sets.contains(wanted)) {
      if (metric.label_sets.size() < kLabelSetsMax) {
        metric.label_sets.insert(wanted);
      } else {
        for (auto& [name, value] : wanted) value = "other";
      }
    }
    return wanted;
  }

  std::mutex mutex_;
  prometheus::Registry registry_;
  std::map<std::string, Metric> metrics_;
};

}  // namespace

void Counter::Add(int64_t by) const { counter_->Increment(static_cast<double>(by)); }
int64_t Counter::Value() const { return static_cast<int64_t>(counter_->Value()); }

void Gauge::Set(int64_t value) const { gauge_->Set(static_cast<double>(value)); }
void Gauge::Add(int64_t by) const { gauge_->Increment(static_cast<double>(by)); }
int64_t Gauge::Value() const { return static_cast<int64_t>(gauge_->Value()); }

void Histogram::Observe(Duration value) const { histogram_->Observe(static_cast<double>(value.ns) / 1e9); }
void Histogram::Observe(int64_t value) const { histogram_->Observe(static_cast<double>(value)); }

Counter MakeCounter(const std::string& name, const std::string& help, const Labels& labels) {
  return Counter(Metrics::Get().Make<prometheus::Counter>(Kind::kCounter, name, help, labels));
}

Gauge MakeGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return Gauge(Metrics::Get().Make<prometheus::Gauge>(Kind::kGauge, name, help, labels));
}

Histogram MakeLatencyHistogram(const std::string& name, const std::string& help, const Labels& labels) {
  return Histogram(Metrics::Get().Make<prometheus::Histogram>(Kind::kLatency, name, help, labels));
}

Histogram MakeSizeHistogram(const std::string& name, const std::string& help, const Labels& labels) {
  return Histogram(Metrics::Get().Make<prometheus::Histogram>(Kind::kSize, name, help, labels));
}

std::string MetricsText() { return Metrics::Get().Text(); }

}  // namespace ttx::obs
