#pragma once

#include <optional>
#include <string>

#include "libs/core/uscc.h"
#include "libs/storage/table.h"

namespace ttx::storage {

// The codes of exchanges in a service's key space (domain.md 9.3). Every service that makes numbers gives them
// by the same rule from the same events in the same order, those of the party service's log, so that one
// exchange has one code in all numbers and two exchanges never share one. `by_exchange`: text exchange -> code;
// `by_code`: text code -> exchange.

/// The exchange was admitted: gives it ExchangeCode of its unified social credit code, or, when an earlier
/// exchange has that, the next one that is free. It keeps what it was given for good: another admission, also
/// under another code, changes nothing. As ExchangeCode refuses.
template <class Table>
Status GiveExchangeCode(Txn& txn, Table by_exchange, Table by_code, const std::string& exchange,
                        const std::string& uscc) {
  const std::string key = KeyOf(by_exchange, exchange);
  if (txn.Get(key)) return {};
  TTX_TRY(std::string code, ExchangeCode(uscc));
  while (txn.Get(KeyOf(by_code, code))) code = NextExchangeCode(code);
  txn.Put(KeyOf(by_code, code), exchange);
  txn.Put(key, code);
  return {};
}

/// Nothing until the party service's event of the exchange has been taken.
template <class Table>
std::optional<std::string> FindExchangeCode(const Reader& reader, Table by_exchange,
                                            const std::string& exchange) {
  return reader.Get(KeyOf(by_exchange, exchange));
}

}  // namespace ttx::storage
