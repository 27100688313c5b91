#include "tests/bench/load.h"

#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace ttx::bench {
namespace {

uint64_t Scatter(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

// `part` of the sorted values lie at or below the result; 0 when there are none.
uint32_t Percentile(const std::vector<uint32_t>& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<size_t>(part * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

void AppendNumber(std::string& json, std::string_view name, double value) {
  char text[64];
  std::snprintf(text, sizeof text, ", \"%.*s\": %.3f", static_cast<int>(name.size()), name.data(), value);
  json += text;
}

void AppendInt(std::string& json, std::string_view name, int64_t value) {
  json.append(", \"").append(name).append("\": ").append(std::to_string(value));
}

}  // namespace

void Die(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::exit(1);
}

Options::Options(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--") || i + 1 == argc) Die("expected --name value, got " + std::string(name));
    given_.insert_or_assign(std::string(name.substr(2)), argv[i + 1]);
  }
}

std::string Options::Get(std::string_view name, std::string_view otherwise) const {
  const auto it = given_.find(name);
  return it == given_.end() ? std::string(otherwise) : it->second;
}

int64_t Options::GetInt(std::string_view name, int64_t otherwise) const {
  const auto it = given_.find(name);
  return it == given_.end() ? otherwise : std::atoll(it->second.c_str());
}

double Options::GetSeconds(std::string_view name, double otherwise) const {
  const auto it = given_.find(name);
  return it == given_.end() ? otherwise : std::atof(it->second.c_str());
}

std::string Options::Must(std::string_view name) const {
  const auto it = given_.find(name);
  if (it == given_.end()) Die("--" + std::string(name) + " is needed");
  return it->second;
}

std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.empty()) Die("nothing in " + path);
  return lines;
}

PlannedBid PlanBid(int64_t number, size_t auction_count) {
  char id[32];
  std::snprintf(id, sizeof id, "bid-%016" PRId64, number);
  return {number, kStartPriceFen + number * kStepFen, Scatter(static_cast<uint64_t>(number)) % auction_count,
          id};
}

double CpuSeconds(int64_t pid) {
  if (pid == 0) return 0;
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(in, line);
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  fields >> user >> system;
  return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void Add(Tally& total, const Tally& part) {
  total.accepted += part.accepted;
  total.refused += part.refused;
  total.failed += part.failed;
  total.latencies_us.insert(total.latencies_us.end(), part.latencies_us.begin(), part.latencies_us.end());
}

std::string ToJson(Summary summary) {
  std::vector<uint32_t>& latencies = summary.total.latencies_us;
  std::sort(latencies.begin(), latencies.end());
  const Tally& total = summary.total;
  std::string json = "{\"kind\": \"" + summary.kind + "\"";
  AppendInt(json, "in_flight", summary.in_flight);
  AppendNumber(json, "seconds", summary.seconds);
  AppendInt(json, "accepted", total.accepted);
  AppendInt(json, "refused", total.refused);
  AppendInt(json, "failed", total.failed);
  AppendNumber(json, "accepted_per_second", static_cast<double>(total.accepted) / summary.seconds);
  AppendNumber(json, "decided_per_second",
               static_cast<double>(total.accepted + total.refused) / summary.seconds);
  AppendInt(json, "p50_us", Percentile(latencies, 0.50));
  AppendInt(json, "p99_us", Percentile(latencies, 0.99));
  AppendInt(json, "connects", summary.connects);
  AppendInt(json, "next_number", summary.next_number);
  json += ", \"marks\": [";
  for (size_t i = 0; i < summary.marks.size(); ++i) {
    char text[64];
    std::snprintf(text, sizeof text, "%s[%.4f, %.2f]", i == 0 ? "" : ", ", summary.marks[i].seconds,
                  summary.marks[i].cpu_seconds);
    json += text;
  }
  return json + "]}";
}

}  // namespace ttx::bench
