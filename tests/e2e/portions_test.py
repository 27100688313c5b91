"""Several winners of one auction (domain.md 5.9, equal_rank_rule PRO_RATA), over HTTPS and to the fen.

Two shareholders hold priority rights of equal rank, with capital shares of 3 and 4; a third enterprise bids 1 060
000.00 yuan; both holders exercise. Each then has a deal of its own for its share and its part of the price. In one
listing both keep their word: two confirmations, contracts, registrations, settlements and certificates, and the
listing closes. In the other the first holder signs nothing: it is barred and its share stays with the owner, while
the second holder's deal goes on as if nothing had been.
"""

import base64
import hashlib
import json
import os
import subprocess
import unittest
import uuid

from installation import Installation
from log_hash import log_hash
from market import DEPOSIT_FEN, Market, Refused

PRICE_FEN = 106_000_000
RULES = {"mode": "MULTI", "priority": {"mode": "ASK_AT_END", "equal_rank": "PRO_RATA", "answer_period": "300s"}}
# Of each holder; the odd fen and the odd ppm go to the larger remainder. Fees are those of deploy/fees for the part of
# the price alone: 0.24 and 3.2 percent.
PARTS = [dict(share_ppm=428_571, price_fen=45_428_571, listed_price_fen=42_857_100, seller_fee_fen=109_029,
              buyer_fee_fen=1_453_714),
         dict(share_ppm=571_429, price_fen=60_571_429, listed_price_fen=57_142_900, seller_fee_fen=145_371,
              buyer_fee_fen=1_938_286)]
CLAUSES = ["content", "scope", "requirements", "schedule", "place", "method", "confidentiality", "result_ownership",
           "result_sharing", "acceptance_standard", "acceptance_method", "glossary", "breach_liability",
           "dispute_resolution"]


class Key:
    """A P-256 key of an organization, kept by openssl."""

    def __init__(self, market, actor, path):
        self.path = path
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path],
                       check=True, capture_output=True)
        public = [subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", form], check=True,
                                 capture_output=True).stdout for form in ("DER", "PEM")]
        self.id = hashlib.sha256(public[0]).hexdigest()
        market.post(actor, actor.organization + "/signingKeys", {
            "suite": "ECDSA-P256-SHA256", "public_key_pem": public[1].decode(),
            "proof": self.sign(f"TTX-KEY-1|{actor.organization}|{self.id}")})

    def sign(self, text):
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=text.encode(), check=True,
                             capture_output=True).stdout
        return base64.b64encode(der).decode()

    def signature(self, text):
        return {"signature": {"document_hash": hashlib.sha256(text.encode()).hexdigest(), "key_id": self.id,
                              "suite": "ECDSA-P256-SHA256", "value": self.sign(text)}}


class Portions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ttx = Installation()
        cls.addClassCleanup(cls.ttx.__exit__)
        market = cls.market = Market(cls.ttx, bidders=3)
        exchange = market.clerk.organization
        market.registry = market.organization("REGISTRY", ["REGISTRY"])
        market.settlement_clerk = market.person(market.clerk, market.admin, exchange, "SETTLEMENT_CLERK")
        market.settlement_officer = market.person(market.clerk, market.admin, exchange, "SETTLEMENT_OFFICER")
        cls.keys = {}
        for name, actor in [("officer", market.officer), ("seller", market.seller), ("first", market.bidders[0]),
                            ("second", market.bidders[1])]:
            actor.organization = actor.organization or exchange
            cls.keys[actor] = Key(market, actor, os.path.join(cls.ttx.folder, name + ".pem"))
        shareholder = {"right": "SHAREHOLDER", "rank": 1}
        cls.kept, cls.broken = market.schedule(
            [RULES, RULES], claims=[{**shareholder, "capital_share": "3"}, {**shareholder, "capital_share": "4"}])
        for session in (cls.kept, cls.broken):
            market.advance_to(market.get(session.name)["start_time"])
            market.wait_state(session.name, "FREE")
        for session in (cls.kept, cls.broken):
            assert session.bid(2, PRICE_FEN).status == 200
        for state in ("LIMITED", "PRIORITY_EXERCISE"):  # of both at once
            cls.kept.to_state(state)
            market.wait_state(cls.broken.name, state)
        for session in (cls.kept, cls.broken):
            for holder in market.bidders[:2]:
                market.post(holder, session.name + ":answerPriority", {"answer": "EXERCISE"})
            market.wait_state(session.name, "CLOSED")
            market.wait_state(session.listing, "DEAL_PENDING")

    # --- One deal

    def sign(self, buyer, deal):
        """From the confirmation to the contract that takes effect; its name."""
        market, keys = self.market, self.keys
        pending = market.wait_state(deal, "PENDING", market.officer)
        facts = pending["facts"]
        self.assertIn(f'"share_ppm":{facts["share_ppm"]}', pending["confirmation"])
        for signer in (market.officer, buyer):
            market.post(signer, deal + ":signConfirmation", keys[signer].signature(pending["confirmation"]))
        party = {actor: {"organization": actor.organization, "legal_name": actor.legal_name, "domicile": "Beijing"}
                 for actor in (market.seller, buyer)}
        number = facts["ip_numbers"][0]
        sold = {key: facts[key] for key in ("listing", "listing_version", "title", "kind", "right_scope", "ip_numbers")}
        manifest = {"project_name": facts["title"], "seller": party[market.seller], "buyer": party[buyer],
                    "object": {**sold, "quantity": "A share of one patent", "quality": "Valid"},
                    "patents": [{"ip_number": number, "invention_name": "A film", "applicant": "A university",
                                 "patentee": "A university", "filing_date": "2017-07-21",
                                 "application_number": number[2:], "patent_number": number,
                                 "term_end_date": "2037-07-20"}],
                    "price_fen": facts["price_fen"], "currency_code": "CNY",
                    "items": [{"description": "The share", "kind": "TECHNICAL", "amount_fen": facts["price_fen"]}],
                    "payment": {"form": "LUMP_SUM", "due_workdays": 5}, "valid_until": "2028-12-31",
                    **{clause: "As usual." for clause in CLAUSES}}
        drafted = market.post(market.seller, "contracts", {"deal": deal, "manifest": manifest})
        contract = drafted["name"]
        self.accept(contract, drafted, buyer)
        # A contract that does not name the share is not that of the deal.
        with self.assertRaises(Refused) as refused:
            market.post(market.clerk, contract + ":freeze")
        fields = [violation["field"] for violation in refused.exception.body["violations"]]
        self.assertEqual(len(fields), 1, fields)
        self.assertIn("share_ppm", fields[0])
        manifest["object"]["share_ppm"] = facts["share_ppm"]
        answer = market.call("PATCH", contract, market.seller, {"manifest": manifest},
                             headers={"Idempotency-Key": uuid.uuid4().hex})
        self.assertEqual(answer.status, 200, answer.body)
        drafted = answer.json
        self.accept(contract, drafted, buyer)
        market.post(market.clerk, contract + ":freeze")
        for signer in (market.seller, buyer):
            text = market.get(contract, signer)["canonical_text"]
            self.assertIn(f'"share_ppm":{facts["share_ppm"]}', text)
            market.post(signer, contract + ":sign", keys[signer].signature(text))
        self.assertEqual(market.get(contract, buyer)["state"], "EFFECTIVE")
        return contract

    def accept(self, contract, drafted, buyer):
        for party in (self.market.seller, buyer):
            self.market.post(party, contract + ":acceptText", {"text_hash": drafted["hashes"]["sha256"]})

    def register(self, contract, price_fen):
        market = self.market
        name = market.post(market.seller, "registrations", {"contract": contract})["name"]
        market.confirm(market.registry, name, "accept")
        market.numbers += 1
        market.confirm(market.registry, name, "register", {
            "number": f"2026{market.numbers:012d}",
            "amounts": {"total_fen": str(price_fen), "technical_fen": str(price_fen), "non_technical_fen": "0"}})

    def pay(self, buyer, deal, part):
        """The buyer pays everything; the settlement's name."""
        market = self.market
        found = market.wait(buyer, "settlements?deal=" + deal, lambda answer: answer["settlements"])
        [settlement] = found["settlements"]
        for key, expected in {"price_fen": part["price_fen"], "deposit_converted_fen": DEPOSIT_FEN,
                              "buyer_fee_fen": part["buyer_fee_fen"], "seller_fee_fen": part["seller_fee_fen"],
                              "payout_fen": part["price_fen"] - part["seller_fee_fen"]}.items():
            self.assertEqual(int(settlement[key]), expected, key)
        rest = part["price_fen"] - DEPOSIT_FEN
        for fen, reference in [(rest, "price_reference"), (part["buyer_fee_fen"], "fee_reference")]:
            self.assertEqual(market.receive("PRICE", buyer, fen, settlement[reference])["state"], "MATCHED")
        market.wait_state(settlement["name"], "FULLY_PAID", buyer)
        return settlement["name"]

    def certify(self, deal, part, buyer):
        market = self.market
        found = market.wait(market.clerk, "certificates?deal=" + deal, lambda answer: answer["certificates"])
        [certificate] = found["certificates"]
        market.post(market.clerk, certificate["name"] + ":requestIssue", {"conclusion": "Everything is in order."})
        issued = market.confirm(market.officer, certificate["name"], "approveIssue")
        self.assertEqual(issued["state"], "VALID")
        content = json.loads(issued["content"])
        for key in ("share_ppm", "price_fen", "listed_price_fen"):
            self.assertEqual(content[key], part[key], key)
        self.assertEqual((content["deal"], content["transferee"]), (deal, buyer.legal_name))
        verified = market.get(f"certificates:verify?number={issued['number']}&check={issued['content_hash'][-4:]}")
        self.assertEqual(verified["result"], "VALID")
        return issued["number"]

    def release(self, settlement, part):
        """The owner is paid."""
        market = self.market
        market.wait_state(settlement, "RELEASABLE", market.seller)
        market.post(market.seller, settlement + ":requestRelease")
        payout = market.confirm(market.settlement_clerk, settlement, "approveRelease")["payout"]
        market.confirm(market.settlement_officer, payout, "approve")
        sent = market.post(market.bank, payout + ":markSent")
        self.assertEqual(int(sent["amount_fen"]), part["price_fen"] - part["seller_fee_fen"])
        market.numbers += 1
        market.post(market.bank, payout + ":reportResult", {
            "end_to_end_id": sent["end_to_end_id"], "result": "SUCCEEDED",
            "bank_transaction": f"T{market.numbers:020d}"})
        market.wait_state(settlement, "SETTLED", market.seller)

    def pass_windows(self, listing, count):
        """All result and transaction notices of the listing; `count` of the latter."""
        market = self.market
        for kind in ("N7", "N8"):
            path = f"notices?listing={listing}&type={kind}"
            found = market.wait(None, path, lambda answer: len(answer["notices"]) >= (2 if kind == "N7" else count))
            for notice in found["notices"]:
                self.assertFalse(notice.get("window_provisional"))
                market.advance_to(notice["window_end_time"])
            market.wait(None, path, lambda answer: all(notice["state"] == "ENDED" for notice in answer["notices"]))

    # --- What is shown

    def check_won(self, session):
        """The portions as the owner sees them; what the winners and everybody else see."""
        market = self.market
        [closed] = [event["auction_closed"] for event in session.events() if "auction_closed" in event]
        told = [(part["bidder_code"], part["share_ppm"], int(part["price_fen"])) for part in closed["portions"]]
        self.assertEqual(told, [(code, part["share_ppm"], part["price_fen"])
                                for code, part in zip(session.codes, PARTS)])
        portions = market.get(session.listing, market.seller)["portions"]
        self.assertEqual([(portion["share_ppm"], int(portion["price_fen"]), portion["buyer"]) for portion in portions],
                         [(part["share_ppm"], part["price_fen"], buyer.organization)
                          for part, buyer in zip(PARTS, market.bidders)])
        self.assertEqual(sum(portion["share_ppm"] for portion in portions), 1_000_000)
        self.assertEqual(sum(int(portion["price_fen"]) for portion in portions), PRICE_FEN)
        for at, buyer in enumerate(market.bidders[:2]):
            mine = market.get(session.listing, buyer)
            self.assertEqual((mine["deal"], mine["buyer"]), (portions[at]["deal"], buyer.organization))
            self.assertFalse(mine["portions"][1 - at].get("deal"))
            facts = market.wait(buyer, portions[at]["deal"], lambda _: True)["facts"]
            for key in ("share_ppm", "price_fen", "listed_price_fen"):
                self.assertEqual(int(facts[key]), PARTS[at][key], key)
        self.assertEqual(log_hash(session.events()), market.get(session.name)["log_hash"])  # holders, portions and all
        text = json.dumps(market.get(session.listing))
        for secret in [portions[0]["deal"], portions[1]["deal"], *(buyer.organization for buyer in market.bidders)]:
            self.assertNotIn(secret, text)
        self.assertEqual(market.get(session.intents[2], market.bidders[2])["state"], "RELEASED")
        return [portion["deal"] for portion in portions]

    def public_portions(self, listing):
        return [(portion["share_ppm"], portion["state"], portion.get("reason", ""))
                for portion in self.market.get(listing)["portions"]]

    def check_notices(self, listing, names, others):
        """The winners are named, nobody else is."""
        text = json.dumps(self.market.get(f"notices?listing={listing}&page_size=200"), ensure_ascii=False)
        for name in names:
            self.assertIn(name, text)
        for name in others:
            self.assertNotIn(name, text)

    # --- The runs

    def test_1_both_keep_their_deals(self):
        market, session = self.market, self.kept
        deals = self.check_won(session)
        contracts = []
        for at, (buyer, deal) in enumerate(zip(market.bidders, deals)):
            self.assertEqual(market.get(session.listing)["state"], "DEAL_PENDING")
            contracts.append(self.sign(buyer, deal))
            self.register(contracts[at], PARTS[at]["price_fen"])
        market.wait_state(session.listing, "DEAL_SIGNED")
        # The other listing's second holder signs as well, before the deadlines pass.
        type(self).other_deals = self.check_won(self.broken)
        self.register(self.sign(market.bidders[1], self.other_deals[1]), PARTS[1]["price_fen"])
        settlements = [self.pay(buyer, deal, part) for buyer, deal, part in zip(market.bidders, deals, PARTS)]
        type(self).other_settlement = self.pay(market.bidders[1], self.other_deals[1], PARTS[1])
        self.pass_windows(session.listing, 2)
        numbers = {self.certify(deal, part, buyer) for deal, part, buyer in zip(deals, PARTS, market.bidders)}
        self.assertEqual(len(numbers), 2)
        self.release(settlements[0], PARTS[0])
        market.wait(None, session.listing, lambda found: found["portions"][0]["state"] == "DONE")
        self.assertEqual(self.public_portions(session.listing)[1][1], "SIGNED")
        self.assertEqual(market.get(session.listing)["state"], "DEAL_SIGNED")
        self.release(settlements[1], PARTS[1])
        market.wait_state(session.listing, "CLOSED")
        self.assertEqual(self.public_portions(session.listing),
                         [(part["share_ppm"], "DONE", "") for part in PARTS])
        self.assertFalse(market.get(session.listing).get("unsold_share_ppm"))
        self.check_notices(session.listing, [buyer.legal_name for buyer in market.bidders[:2]],
                           [market.bidders[2].legal_name])
        # The larger share speaks for the achievement.
        achievement = market.get(market.get(session.listing)["achievement"], market.bidders[1])
        self.assertEqual((achievement["state"], achievement["owner"]), ("TRANSFERRED", market.bidders[1].organization))

    def test_2_one_does_not_and_the_other_does(self):
        market, listing = self.market, self.broken.listing
        expired = market.wait_state(self.other_deals[0], "EXPIRED", market.seller)
        self.assertEqual(expired["defaulter"], "TRANSFEREE")
        market.wait_state(listing, "DEAL_SIGNED")
        self.assertEqual(self.public_portions(listing),
                         [(428_571, "DEFAULTED", "TRANSFEREE"), (571_429, "SIGNED", "")])
        self.assertEqual(market.get(listing)["unsold_share_ppm"], 428_571)
        self.assertEqual(market.get(self.broken.intents[0], market.bidders[0])["state"], "BREACHED")
        self.assertEqual(market.get(self.broken.intents[1], market.bidders[1])["state"], "QUALIFIED")
        changes = [json.loads(notice["content"])
                   for notice in market.wait(None, f"notices?listing={listing}&type=N4",
                                             lambda answer: answer["notices"])["notices"]]
        self.assertEqual([(change["change"], change["reason"], change["share_ppm"], change["deal"])
                          for change in changes],
                         [("PORTION_DEFAULTED", "TRANSFEREE", 428_571, self.other_deals[0])])
        self.pass_windows(listing, 1)
        self.certify(self.other_deals[1], PARTS[1], market.bidders[1])
        self.release(self.other_settlement, PARTS[1])
        market.wait_state(listing, "CLOSED")
        self.assertEqual(self.public_portions(listing), [(428_571, "DEFAULTED", "TRANSFEREE"), (571_429, "DONE", "")])
        # The owner keeps its share and may offer it; the holder that did not sign may not have it.
        achievement = market.get(market.get(listing)["achievement"], market.seller)
        self.assertEqual((achievement["state"], achievement["owner"]), ("PUBLISHED", market.seller.organization))
        self.assertEqual(achievement["encumbrances"][-1]["kind"], "SHARE_SOLD")
        balance = market.get("trialBalance?audit=true", market.settlement_officer)
        self.assertTrue(balance["audited"])
        self.assertEqual(balance["debit_fen"], balance["credit_fen"])
        with open(self.ttx.path("server.log")) as log:
            self.assertNotIn("feed_event_refused", log.read())


if __name__ == "__main__":
    unittest.main()
