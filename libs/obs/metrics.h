#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libs/core/time.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace ttx::obs {

/// Label names and values of one time series. Values come from small fixed sets (method, reason, service),
/// never from a request: ids, names and amounts are not labels.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// A metric has at most this many label sets. Later ones are counted together under the value "other".
inline constexpr size_t kLabelSetsMax = 256;

/// Handles of metrics; copies mean the same series. They live as long as the process, are cheap to copy and
/// safe from any thread. Looking one up takes a lock and a search: make it once, keep it.
class Counter {
 public:
  /// Lock-free. `by` >= 0.
  void Add(int64_t by = 1) const;
  int64_t Value() const;

 private:
  friend Counter MakeCounter(const std::string&, const std::string&, const Labels&);
  explicit Counter(prometheus::Counter& counter) : counter_(&counter) {}
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  /// Lock-free.
  void Set(int64_t value) const;
  void Add(int64_t by) const;
  int64_t Value() const;

 private:
  friend Gauge MakeGauge(const std::string&, const std::string&, const Labels&);
  explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) {}
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  /// One short uncontended lock per series.
  void Observe(Duration value) const;
  /// For histograms of counts (sizes of batches).
  void Observe(int64_t value) const;

 private:
  friend Histogram MakeLatencyHistogram(const std::string&, const std::string&, const Labels&);
  friend Histogram MakeSizeHistogram(const std::string&, const std::string&, const Labels&);
  explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) {}
  prometheus::Histogram* histogram_;
};

/// The series `name`{`labels`} of the process, made on first use. `name` is [a-z_]+ with the unit last,
/// counters end in
/// "_total"; one name has one kind and one set of label names, anything else is a bug and stops the process.
Counter MakeCounter(const std::string& name, const std::string& help, const Labels& labels = {});
Gauge MakeGauge(const std::string& name, const std::string& help, const Labels& labels = {});
/// Buckets from 50 us to 10 s; shown in seconds, so the name ends in "_seconds".
Histogram MakeLatencyHistogram(const std::string& name, const std::string& help, const Labels& labels = {});
/// Buckets of powers of two from 1 to 65536.
Histogram MakeSizeHistogram(const std::string& name, const std::string& help, const Labels& labels = {});

/// All series in the Prometheus text format (version 0.0.4), for GET /metrics.
std::string MetricsText();

}  // namespace ttx::obs
