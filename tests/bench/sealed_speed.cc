// How long sealing and opening take: seals price envelopes for five holders of whom three open, opens them
// again from three holders' keys, and prints one line of JSON for the suite. One thread;
// tests/bench/sealed.py gives it one processor.
#include <cstdio>

#include "libs/sealed/opening.h"
#include "libs/sealed/test_parties.h"
#include "tests/bench/load.h"

namespace ttx::bench {
namespace {

constexpr int kThreshold = 3;
constexpr int kHolders = 5;

double Since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

std::vector<std::string> SealAll(const sealed::TestParties& parties, int64_t count) {
  std::vector<std::string> envelopes;
  for (int64_t i = 0; i < count; ++i) {
    envelopes.push_back(parties.MustSeal(sealed::TestSeed("bid " + std::to_string(i)), sealed::Part::kPrice,
                                         sealed::FormatPrice(Fen{kStartPriceFen + i * kStepFen})));
  }
  return envelopes;
}

std::vector<sealed::Envelope> ParseAll(const std::vector<std::string>& envelopes) {
  std::vector<sealed::Envelope> parsed;
  for (const std::string& bytes : envelopes) parsed.push_back(sealed::ParseEnvelope(bytes).value());
  return parsed;
}

// The shares of the first kThreshold holders, envelope by envelope.
std::vector<std::vector<sealed::Share>> OpenShares(const sealed::TestParties& parties,
                                                   const std::vector<sealed::Envelope>& envelopes) {
  std::vector<std::vector<sealed::Share>> shares(envelopes.size());
  for (size_t i = 0; i < envelopes.size(); ++i) {
    for (int holder = 0; holder < kThreshold; ++holder) {
      shares[i].push_back(
          sealed::OpenShare(parties.keys[static_cast<size_t>(holder)], parties.holders, envelopes[i])
              .value());
    }
  }
  return shares;
}

int Main(int argc, char** argv) {
  const Options options(argc, argv);
  const int64_t count = options.GetInt("envelopes", 1000);
  const std::string suite_id = options.Get("suite", "TTX-SB-1");
  const std::optional<sealed::Suite> suite = sealed::ParseSuite(suite_id);
  if (!suite) Die("sealed_speed: no suite is called " + suite_id);
  const sealed::TestParties parties = sealed::MakeTestParties(*suite, kThreshold, kHolders);

  SteadyClock::time_point start = SteadyClock::now();
  const std::vector<std::string> envelopes = SealAll(parties, count);
  const double seal_seconds = Since(start);
  start = SteadyClock::now();
  const std::vector<sealed::Envelope> parsed = ParseAll(envelopes);
  const double parse_seconds = Since(start);
  start = SteadyClock::now();
  const std::vector<std::vector<sealed::Share>> shares = OpenShares(parties, parsed);
  const double share_seconds = Since(start);
  start = SteadyClock::now();
  for (size_t i = 0; i < parsed.size(); ++i) {
    const Result<sealed::Verdict> verdict = sealed::Combine(parsed[i], parties.holders, shares[i]);
    const int64_t price = kStartPriceFen + static_cast<int64_t>(i) * kStepFen;
    if (!verdict.ok() || verdict->content != sealed::FormatPrice(Fen{price})) {
      Die("sealed_speed: an envelope was not opened");
    }
  }
  const double combine_seconds = Since(start);
  std::printf(
      "{\"suite\": \"%s\", \"envelopes\": %lld, \"envelope_bytes\": %zu, \"seal_seconds\": %.4f, "
      "\"parse_seconds\": %.4f, \"share_seconds\": %.4f, \"combine_seconds\": %.4f}\n",
      suite_id.c_str(), static_cast<long long>(count), envelopes[0].size(), seal_seconds, parse_seconds,
      share_seconds, combine_seconds);
  return 0;
}

}  // namespace
}  // namespace ttx::bench

int main(int argc, char** argv) { return ttx::bench::Main(argc, argv); }
