#pragma once

#include <string>

#include "libs/core/calendar.h"
#include "services/auction/app/auction_app.h"
#include "services/contract/app/contract_app.h"
#include "services/disclosure/app/disclosure_app.h"
#include "services/listing/app/listing_app.h"
#include "services/party/app/party_app.h"
#include "services/settlement/app/settlement_app.h"
#include "tests/sim/world.h"

namespace ttx::sim {

/// Makes every random byte of this process's OpenSSL follow from a seed while it lives: nonces of sealed
/// values and of signatures too, so that equal runs leave equal disks. One at a time.
class SeededCrypto {
 public:
  explicit SeededCrypto(uint64_t seed);
  ~SeededCrypto();
  SeededCrypto(const SeededCrypto&) = delete;
  SeededCrypto& operator=(const SeededCrypto&) = delete;
};

/// The six services as nodes of a world, wired as their modules wire them, configured from deploy/ (the
/// working folder is the repository). The use cases keep nothing between calls, so one object of each serves
/// every boot.
class Installation {
 public:
  /// `world` gets the nodes party, listing, auction, contract, settlement and disclosure, which refer to this
  /// object.
  explicit Installation(World& world);
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;

  const Calendar calendar;
  const party::PartyApp party;
  const listing::ListingApp listing;
  const auction::AuctionApp auction;
  const contract::ContractApp contract;
  const settlement::SettlementApp settlement;
  const disclosure::DisclosureApp disclosure;

 private:
  void AddParty(World& world);
  void AddListing(World& world);
  void AddAuction(World& world);
  void AddContract(World& world);
  void AddSettlement(World& world);
  void AddDisclosure(World& world);
};

/// Who other services are to a service.
Principal ServicePrincipal();

}  // namespace ttx::sim
