#include <algorithm>
#include <nlohmann/json.hpp>

#include "services/server/demo/deal.h"

namespace ttx::demo {
namespace {

// A notice with a window, from its publication to the end of the window.
void PassWindow(Market& market, Deal& deal, const std::string& type, const Words& what) {
  const std::string path = "/v1/notices?type=" + type + "&listing=" + deal.listing;
  const Json list = market.Get(deal.anybody, path);
  if (Text(list, "/notices/0/state") != "ENDED") {
    const Json open = market.WaitFor(deal.anybody, path, "/notices/0/state", "OPEN");
    AdvanceToField(market, deal, open, "/notices/0/window_end_time", "/notices/0/window_provisional");
  }
  const Json ended = market.WaitFor(deal.anybody, path, "/notices/0/state", "ENDED");
  market.Step(Verb::kDisclose, what, Text(ended, "/notices/0/name"),
              {{"type", type},
               {"window_end_time", Text(ended, "/notices/0/window_end_time")},
               {"content_hash", Text(ended, "/notices/0/content_hash")}});
}

void TrialBalance(Market& market, Deal& deal) {
  const Json balance = market.Get(deal.settlement_officer, "/v1/trialBalance?audit=true");
  market.Expect(balance, "/audited", "true");
  market.Check(Number(balance, "/debit_fen") == Number(balance, "/credit_fen"), "debits and credits differ");
  int64_t liabilities = 0;
  int64_t income = 0;
  if (market.ok()) {
    for (const Json& row : balance.at("rows")) {
      const int64_t code = Number(row, "/account_code");
      const int64_t fen = Number(row, "/balance_fen");
      if (code >= 2000 && code < 3000) liabilities += std::abs(fen);
      if (code == 4001) income = fen;
      const std::string title = std::to_string(code) + " " + Text(row, "/title");
      market.printer().Note({title.c_str(), title.c_str()},
                            {Amount("debit", Number(row, "/debit_fen")), Amount("credit", Number(row, "/credit_fen")),
                             Amount("balance", fen)});
    }
  }
  market.Check(liabilities == 0, "client money is left in the ledger");
  market.Check(income == kBuyerFee + kSellerFee, "fee income is not the sum of both fees");
  market.Step(Verb::kSettle, {"试算平衡：借贷相等，客户资金为零", "trial balance: debits equal credits, no client money left"},
              Text(balance, "/exchange"),
              {Amount("debit", Number(balance, "/debit_fen")),
               Amount("credit", Number(balance, "/credit_fen")),
               Amount("client_liabilities", liabilities),
               Amount("fee_income", income),
               {"journals", Text(balance, "/journal_count")}});
}

// As anybody: by asking the server, and with the public key alone.
void VerifyCertificate(Market& market, Deal& deal) {
  const Json certificate = market.Get(deal.winner.client, Path(deal.certificate));
  const std::string number = Text(certificate, "/number");
  const std::string hash = Text(certificate, "/content_hash");
  const std::string query = "/v1/certificates:verify?number=" + number + "&check=";
  const Json verified = market.Get(deal.anybody, query + hash.substr(hash.size() - std::min<size_t>(4, hash.size())));
  market.Expect(verified, "/result", "VALID");
  market.Expect(verified, "/content_hash", hash);
  market.Expect(market.Get(deal.anybody, query + HttpClient::Escape(deal.winner.legal_name)), "/result", "VALID");
  market.Expect(market.Get(deal.anybody, query + HttpClient::Escape("某某公司")), "/result", "NOT_FOUND");
  const Json key = market.Get(deal.anybody, "/v1/recordKey");
  market.Check(!market.ok() || crypto::Verify(crypto::Suite::kEcdsaP256Sha256, Text(key, "/public_key_pem"),
                                              Text(certificate, "/content"),
                                              FromBase64(Text(certificate, "/signature"))),
               "the certificate's signature does not verify");
  market.Step(Verb::kCertify, {"公开查验凭证：真实有效", "public verification of the certificate: valid"},
              deal.certificate,
              {{"number", number}, {"result", Text(verified, "/result")}, {"signature", "VALID"}});
}

}  // namespace

void Disclose(Market& market, Deal& deal) {
  PassWindow(market, deal, "N7", {"成交结果公示期满", "the window of the result notice is over"});
  PassWindow(market, deal, "N8", {"交易结果公告期满", "the window of the transaction notice is over"});
}

void Certify(Market& market, Deal& deal) {
  const std::string path = "/v1/certificates?deal=" + deal.deal;
  const Json pending = market.WaitFor(deal.clerk, path, "/certificates/0/state", "PENDING");
  deal.certificate = Text(pending, "/certificates/0/name");
  market.Post(deal.clerk, Path(deal.certificate) + ":requestIssue",
              {{"conclusion", "交易程序符合规定，价款已结算，出具交易凭证"}});
  market.Step(Verb::kCertify, {"经办人申请出具交易凭证", "the clerk asks for the certificate"}, deal.certificate,
              {{"state", Text(pending, "/certificates/0/state")}});
  const Json issued = market.Confirm(deal.officer, deal.certificate, "approveIssue", Json::object());
  market.Expect(issued, "/state", "VALID");
  market.Step(Verb::kCertify, {"负责人批准，出具交易凭证", "the officer approves, the certificate is issued"},
              deal.certificate, {{"number", Text(issued, "/number")}, {"state", Text(issued, "/state")}});
}

void VerifyAll(Market& market, Deal& deal) {
  TrialBalance(market, deal);
  VerifyCertificate(market, deal);
}

}  // namespace ttx::demo
