#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/core/recent.h"
#include "libs/core/result.h"
#include "libs/storage/kv.h"
#include "services/auction/replay/exporter.h"
#include "services/auction/store/vault.h"

namespace ttx::auction::replay {

/// A part of an export.
struct ExportPage {
  std::vector<std::string> lines;  // without their line feeds
  std::string next;                // the token of the page after it; empty on the last one
};

/// Exports sessions in pages, each at bounded cost: where the latest pages ended is kept in memory, so that the next
/// begins there. A page that begins elsewhere is found by going on from the last known place before it, or from the
/// beginning, in bounded steps: until it is found, pages are empty and name themselves as the next. Safe from any
/// thread.
class ExportPages {
 public:
  /// At most this many lines, and so many bytes but for the last line, are in a page.
  static constexpr size_t kMaxLines = 2000;
  static constexpr size_t kMaxBytes = 1 << 20;
  /// At most this many events are looked at for one page.
  static constexpr size_t kMaxEvents = 5000;

  /// `vault` must outlive the object.
  explicit ExportPages(const Vault& vault) : vault_(vault), places_(kPlaces) {}

  /// The page that the token `from` names, the first one when it is empty, of a session that exists. All pages tell the
  /// session as it was when the first one was asked for. Tokens are sealed: they tell no place in the service's log,
  /// and one of another session, or that this installation did not give, is no token. INVALID_FIELD page_token;
  /// WRONG_STATE (Exporter).
  Result<ExportPage> Read(const storage::Reader& reader, const AuctionId& id, std::string_view from,
                          size_t max_lines) const;

 private:
  static constexpr size_t kPlaces = 64;

  // A session up to an event, and how many of its lines were given.
  struct Name {
    std::string session;
    uint64_t last;
    int64_t lines;
    auto operator<=>(const Name&) const = default;
  };
  struct Place {
    Exporter exporter;
    Chain chain;
    int64_t lines = 0;
  };
  Result<Name> Parse(const storage::Reader& reader, const AuctionId& id, std::string_view from) const;
  std::string Print(const Name& name) const;

  const Vault& vault_;
  mutable Recent<Name, Place> places_;
};

}  // namespace ttx::auction::replay
