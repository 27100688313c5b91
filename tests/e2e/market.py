"""A market for end-to-end tests, made over HTTPS as its people would make it: an exchange with its staff, a seller,
bidders with deposits, key holders with files of their own, and sessions of any mode up to their first bid."""

import base64
import datetime
import json
import os
import re
import subprocess
import sys
import time
import uuid

from installation import BINARY, ROOT

sys.path.insert(0, os.path.join(ROOT, "tests/sealed"))
import envelope as sealed  # noqa: E402  the second implementation of docs/formats.md, "Sealed envelopes"

WAIT_SECONDS = 20
START_FEN, STEP_FEN, DEPOSIT_FEN = 100_000_000, 1_000_000, 10_000_000
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100
STAFF = {"officer": "EXCHANGE_OFFICER", "second_officer": "EXCHANGE_OFFICER", "business": "EXCHANGE_REVIEWER_BUSINESS",
         "compliance": "EXCHANGE_REVIEWER_COMPLIANCE", "secrecy": "SECRECY_REVIEWER", "rights": "RIGHTS_REVIEWER"}


def uscc(kind, number):
    """The code of the organization with a number; `kind` is "12" for public institutions and "91" for enterprises."""
    body = f"{kind}110000{number:09d}"
    total = sum(USCC_ALPHABET.index(symbol) * 3 ** at for at, symbol in enumerate(body))
    return body + USCC_ALPHABET[-total % 31]


def patent_number(number):
    """A granted invention's, with its check digit."""
    digits = f"20171{number:07d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]))
    return f"ZL{digits}.{'0123456789X'[total % 11]}"


def parse_time(text):
    """Nanoseconds since 1970 of an RFC 3339 time in UTC."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    whole = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    return int(whole.timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def run_tool(*words, stdin="", status=0):
    """What an offline command of the binary printed; on standard error when a failure was expected."""
    done = subprocess.run([BINARY, *words], input=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stderr if status and not done.stdout else done.stdout


class Refused(Exception):
    """A request that was not answered with 200."""

    def __init__(self, path, answer):
        super().__init__(f"{path}: {answer.status} {answer.body.decode(errors='replace')}")
        self.status, self.body = answer.status, answer.json
        self.reason = self.body.get("reason")


class Actor:
    """A person with a client: `organization` and the credentials."""

    def __init__(self, answer=None, uid="", secret="", organization=""):
        self.organization = answer["api_client"]["organization"] if answer else organization
        self.uid = answer["api_client"]["uid"] if answer else uid
        self.secret = answer["client_secret"] if answer else secret
        self.token = None
        self.account = self.legal_name = ""


class Market:
    """What an installation that is served holds; `bidders` enterprises are admitted."""

    def __init__(self, ttx, bidders=2):
        self.ttx, self.numbers = ttx, 0
        self.connection = None
        self.admin = Actor(uid=ttx.admin["client_id"], secret=ttx.admin["client_secret"],
                           organization=ttx.admin["organization"])
        self.second_admin = Actor(uid=ttx.second_admin["client_id"], secret=ttx.second_admin["client_secret"])
        self.kyc = self.person(self.admin, self.second_admin, self.admin.organization, "KYC_OFFICER")
        self.clerk = self.organization("EXCHANGE", ["EXCHANGE_CLERK"])
        self.bank = self.organization("BANK", ["SETTLEMENT_BANK"])
        self.seller = self.organization("UNIVERSITY", ["TRANSFEROR"])
        self.bidders = [self.organization("ENTERPRISE", ["BIDDER"]) for _ in range(bidders)]
        for name, role in STAFF.items():
            setattr(self, name, self.person(self.clerk, self.admin, self.clerk.organization, role))

    # --- Requests

    def call(self, verb, path, actor=None, body=None, key=None, headers=None):
        """One request over a connection that is kept; the answer, whatever it is. A token that has expired with a
        move of the clock is replaced."""
        key = key or uuid.uuid4().hex
        for _ in range(2):
            if actor is not None and actor.token is None:
                self.fresh_token(actor)
            self.connection = self.connection or self.ttx.connect()
            answer = self.ttx.request(verb, "/v1/" + path, body, token=actor.token if actor else None, key=key,
                                      headers=headers, connection=self.connection)
            if actor is None or answer.status != 401:
                break
            actor.token = None
        return answer

    def fresh_token(self, actor):
        actor.token = self.ttx.token(actor.uid, actor.secret)
        return actor.token

    def forget_tokens(self):
        """As if everybody had just come."""
        for actor in [*vars(self).values(), *self.bidders]:
            if isinstance(actor, Actor):
                actor.token = None

    def disconnect(self):
        """Before the server stops."""
        if self.connection:
            self.connection.close()
        self.connection = None

    def get(self, path, actor=None):
        answer = self.call("GET", path, actor)
        if answer.status != 200:
            raise Refused(path, answer)
        return answer.json

    def post(self, actor, path, body=None, until=None, key=None):
        """`until` names a reason that goes away by itself, because another service has not heard yet."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = self.call("POST", path, actor, body or {}, key)
            if answer.status == 200:
                return answer.json
            refusal = Refused(path, answer)
            if until is None or refusal.reason != until or time.monotonic() > deadline:
                raise refusal
            time.sleep(0.02)

    def confirm(self, actor, resource, verb, body=None):
        """Agrees to what the resource is now."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            etag = self.get(resource, actor)["etag"]
            try:
                return self.post(actor, f"{resource}:{verb}", {**(body or {}), "etag": etag})
            except Refused as refusal:
                if refusal.reason != "ETAG_MISMATCH" or time.monotonic() > deadline:
                    raise

    def wait(self, actor, path, holds):
        """Until what is read holds; what is not there yet is read again."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = self.call("GET", path, actor)
            if answer.status == 200 and holds(answer.json):
                return answer.json
            assert time.monotonic() < deadline, (path, answer.status, answer.body)
            time.sleep(0.02)

    def wait_state(self, resource, state, actor=None):
        return self.wait(actor, resource, lambda found: found["state"] == state)

    # --- Time

    def now(self):
        return parse_time(self.get("sandbox/clock")["now"])

    def advance(self, nanoseconds):
        duration = f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}s"
        self.post(self.admin, "sandbox/clock:advance", {"duration": duration})

    def advance_to(self, text, before_ns=0):
        """Until the time, or `before_ns` before it."""
        left = parse_time(text) - self.now() - before_ns
        if left > 0:
            self.advance(left)

    # --- Who takes part

    def organization(self, kind, roles):
        self.numbers += 1
        code = uscc("91" if kind in ("ENTERPRISE", "BANK", "EXCHANGE") else "12", self.numbers)
        name = f"Organization {self.numbers:03d}"
        account = {"name": name, "number": f"62{self.numbers:016d}", "bank": "A bank"}
        profile = {"uscc": code, "legal_name": name, "kind": kind, "domicile": "Beijing", "region_code": "110108",
                   "licence_digest": "a" * 64, "legal_representative": "Wang", "bank_account": account}
        itself = kind in ("ENTERPRISE", "UNIVERSITY")
        made = self.post(None if itself else self.admin, "organizations:register" if itself else "organizations",
                         {"profile": profile, "person_display_name": "Li", "client_display_name": "main",
                          "roles": roles})
        actor = Actor(made) if made.get("client_secret") else self.enrol(made)
        self.confirm(self.kyc, actor.organization, "approveKyc")
        actor.account, actor.legal_name, actor.uscc = account["number"], name, code
        return actor

    def enrol(self, made):
        return Actor(self.post(None, made["api_client"]["name"] + ":enrol", {"enrolment_code": made["enrolment_code"]}))

    def person(self, manager, second, organization, role):
        person = self.post(manager, organization + "/people", {"display_name": "Zhao"})
        made = self.post(manager, "apiClients", {"person": person["name"], "display_name": "main", "roles": [role]})
        self.confirm(second, made["api_client"]["name"], "approve")
        return self.enrol(made)

    # --- Sessions

    def achievement(self, title):
        self.numbers += 1
        unit = {"uscc": self.seller.uscc, "display_name": self.seller.legal_name, "share_ppm": 1_000_000}
        described = {"title": title, "keywords": ["film"], "abstract_public": "A film that conducts heat.",
                     "achievement_type": "APPLIED_TECHNOLOGY", "attribute": "ORIGINAL", "stage": "PILOT",
                     "trl": {"level": 7, "standard": "GB/T 22900-2022", "assessor_type": "SELF"}, "tech_field": "05",
                     "completing_units": [unit], "inventors": [{"display_name": "Zhao"}],
                     "ip_items": [{"kind": "INVENTION", "number": patent_number(self.numbers), "title": title,
                                   "status": "GRANTED", "filing_date": "2017-07-21", "grant_date": "2019-11-05",
                                   "expiry_date": "2037-07-20", "owners": [self.seller.legal_name]}],
                     "ownership": {"nature": "SERVICE",
                                   "owners": [{"holder": self.seller.uscc, "share_ppm": 1_000_000}]}}
        name = self.post(self.seller, "achievements", {"achievement": described}, "ORGANIZATION_NOT_ACTIVE")["name"]
        self.post(self.seller, name + ":submit", {"exchange": self.clerk.organization})
        self.confirm(self.secrecy, name, "clear", {"secrecy": "NON_SECRET"})
        self.confirm(self.rights, name, "passRights")
        self.post(self.seller, name + ":publish")
        return name

    def list(self, title, rules, reserve_fen=0, achievement=None):
        """A listing that is public, of an achievement of its own or of this one; its name."""
        start = str(rules.get("start_price_fen", START_FEN))
        rules = {"start_price_fen": start, "increments": [{"from_fen": start, "step_fen": str(STEP_FEN)}],
                 "multiple_base": "FROM_START", "free_period": "3600s", "cycle": "300s", "limited_entry": "ALWAYS",
                 **rules}
        listing = {"exchange": self.clerk.organization, "profile": "PUBLIC_RDI", "title": title,
                   "achievement": achievement or self.achievement(title), "right_scope": {"kind": "TRANSFER_PATENT"},
                   "listed_price_fen": start, "listing_days": 5, "rules": rules,
                   "deposit": {"amount_fen": str(DEPOSIT_FEN), "guarantee": "Pays.", "disposal": "Goes back."},
                   "buyer_conditions": "An enterprise", "payment_terms": "At once", "contact": "010-00000000"}
        name = self.post(self.seller, "listings", {"listing": listing, "reserve_fen": str(reserve_fen)},
                         "ORGANIZATION_NOT_ACTIVE")["name"]
        self.post(self.seller, name + ":submit")
        self.confirm(self.clerk, name, "accept")
        self.confirm(self.business, name, "approve", {"review": "BUSINESS"})
        self.confirm(self.compliance, name, "approve", {"review": "COMPLIANCE"})
        self.confirm(self.officer, name, "publish")
        return name

    def intend(self, bidder, listing, claim=None):
        """`claim` is the priority right of a holder."""
        statement = {"statement": "We are an enterprise.", "contact": "010-11111111"}
        if claim:
            statement["priority_claim"] = claim
        return self.post(bidder, listing + "/intents", {"intent": statement}, "ORGANIZATION_NOT_ACTIVE")["name"]

    def qualify(self, bidder, intent, priority=False):
        """The bidder's code."""
        self.post(self.clerk, intent + ":giveOpinion",
                  {"qualified": True, "opinion": "Qualified.", "priority_confirmed": priority})
        self.confirm(self.seller, intent, "consent")
        asked = self.get(intent, bidder)
        self.wait(bidder, "deposits?intent=" + intent,
                  lambda found: found["deposits"] and found["deposits"][0]["state"] == "EXPECTED")
        self.receive("DEPOSIT", bidder, asked["deposit_fen"], asked["reference"])
        return self.wait_state(intent, "QUALIFIED", bidder)["bidder_code"]

    def receive(self, account, payer, fen, reference):
        """The bank reports that money arrived; the notice."""
        self.numbers += 1
        return self.post(self.bank, "bankNotices", {
            "bank_reference": f"B{self.numbers:020d}", "account": account, "payer_name": payer.legal_name,
            "payer_account": payer.account, "amount_fen": str(fen), "currency_code": "CNY",
            "arrive_time": self.get("sandbox/clock")["now"], "reference": reference})

    def schedule(self, rules_of_sessions, reserve_fen=0, claims=()):
        """One session for each of the rules, all with all bidders and at the same times; as SCHEDULED. `claims` are the
        priority rights of the first bidders."""
        claims = [*claims, *[None] * (len(self.bidders) - len(claims))]
        listings = [self.list(f"A film, number {at}", rules, reserve_fen)
                    for at, rules in enumerate(rules_of_sessions, 1)]
        intents = [[self.intend(bidder, listing, claim) for bidder, claim in zip(self.bidders, claims)]
                   for listing in listings]
        for listing in listings:
            shown = self.get(listing)
            assert not shown.get("end_provisional"), "the holidays that decide the end are not published yet"
            self.advance_to(shown["end_time"])
            self.wait_state(listing, "QUALIFYING")
        sessions = []
        for listing, intents_of_it in zip(listings, intents):
            codes = [self.qualify(bidder, intent, claim is not None)
                     for bidder, intent, claim in zip(self.bidders, intents_of_it, claims)]
            auction = self.post(self.officer, listing + ":scheduleBidding")["auction"]
            self.wait_state(auction, "SCHEDULED")
            sessions.append(Session(self, auction, codes, listing, intents_of_it))
        return sessions


class KeyHolders:
    """Key holders who keep their keys in a folder: `ttx holder keygen` and `ttx holder set`."""

    def __init__(self, folder, names=("notary", "regulator", "auditor"), threshold=2):
        self.folder, self.names, self.threshold = folder, list(names), threshold
        os.makedirs(folder, exist_ok=True)
        for name in names:
            run_tool("holder", "keygen", "--name", name, "--key-out", self.path(name + ".key"), "--card-out",
                     self.path(name + ".card"))
        run_tool("holder", "set", "--threshold", str(threshold), "--out", self.path("holders"),
                 *(self.path(name + ".card") for name in names))
        with open(self.path("holders"), encoding="ascii") as file:
            self.text = file.read()
        self.set = sealed.HolderSet.parse(self.text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def rules(self, mode="SEALED", **more):
        """Those of a session whose envelopes these holders open."""
        return {"mode": mode, "sealed": {
            "submissions": 2, "shares_needed": self.threshold, "shares_total": len(self.names), "holder_set": self.text,
            "shares_period": "86400s", "second_period": "86400s", "reveal_period": "86400s", **more}}

    def private(self, name):
        """A holder's private box key."""
        with open(self.path(name + ".key"), encoding="ascii") as file:
            return bytes.fromhex(next(line[4:].strip() for line in file if line.startswith("box ")))

    def signing_scalar(self, name):
        """The private number of the key a holder signs with: the first OCTET STRING of 32 bytes of its PKCS#8."""
        with open(self.path(name + ".key"), encoding="ascii") as file:
            text = file.read()
        body = re.search("-----BEGIN [^-]*-----\n(.*?)-----END", text, re.S)[1]
        der = base64.b64decode(body)
        at = der.index(b"\x02\x01\x01\x04\x20")
        return int.from_bytes(der[at + 5:at + 37], "big")


class Session:
    """A session, its listing, and codes and intents of its bidders."""

    def __init__(self, market, name, codes, listing, intents):
        self.market, self.name, self.codes, self.listing, self.intents = market, name, codes, listing, intents

    def public(self):
        return self.market.get(self.name)

    def to_state(self, state):
        """Advances the clock past the end of the phase at hand."""
        self.market.advance_to(self.public()["phase_end_time"])
        return self.market.wait_state(self.name, state)

    def bid(self, bidder, fen, **options):
        return self.market.call("POST", self.name + "/bids", self.market.bidders[bidder], {"price_fen": str(fen)},
                                **options)

    def events(self):
        """The public log of a closed session."""
        connection = self.market.ttx.connect()
        connection.request("GET", f"/v1/{self.name}/events", headers={"Accept": "text/event-stream"})
        text = connection.getresponse().read().decode()
        connection.close()
        return [json.loads(line[len("data:"):]) for line in text.splitlines() if line.startswith("data:")]

    # --- Envelopes

    def context(self, bidder, version=1):
        """What an envelope of a bidder is addressed to, for the second implementation."""
        auction = self.public()
        holders = sealed.HolderSet.parse(auction["rules"]["sealed"]["holder_set"])
        return sealed.Context(holders.suite.id, auction["origin"], self.name, str(auction["round"]), self.codes[bidder],
                              version, bytes.fromhex(auction["rules_hash"]), holders.id)

    def seal(self, holders, bidder, fen, version=1):
        """`ttx seal` on the bidder's machine: the envelope and the seed."""
        auction = self.public()
        out = holders.path(f"{self.name.split('/')[1]}-{bidder}-{version}-{time.monotonic_ns()}")
        run_tool("seal", "--holders", holders.path("holders"), "--origin", auction["origin"], "--auction", self.name,
                 "--bidder", self.codes[bidder], "--rules", auction["rules_hash"], "--lot", str(auction["round"]),
                 "--version", str(version), "--price-file", "-", "--out", out, "--seed-out", out + ".seed",
                 stdin=f"{fen}\n")
        with open(out, "rb") as file:
            envelope = file.read()
        with open(out + ".seed", encoding="ascii") as file:
            seed = bytes.fromhex(re.findall(r"\b[0-9a-f]{64}\b", file.read())[-1])
        return envelope, seed

    def submit(self, bidder, envelope, key=None):
        return self.market.call("POST", self.name + "/envelopes", self.market.bidders[bidder],
                                {"content": base64.b64encode(envelope).decode()}, key)

    def must_submit(self, bidder, envelope):
        answer = self.submit(bidder, envelope)
        assert answer.status == 200, answer.body
        return answer.json

    def request_opening(self):
        """By two officers; the session collects shares afterwards."""
        market = self.market
        market.post(market.officer, self.name + ":requestOpening", {"reason": "The time is over."})
        act = market.get(self.name + "/pendingAct", market.second_officer)
        market.post(market.second_officer, self.name + ":confirmAct", {"act": "OPEN", "etag": act["etag"]})
        return market.wait_state(self.name, "SHARES_COLLECTING")

    def show_holders(self, holders):
        """Writes what key holders are shown; the names of the envelopes' files."""
        market = self.market
        with open(holders.path("close"), "w", encoding="ascii") as file:
            file.write(market.get(self.name + "/closeProof", market.clerk)["proof"])
        with open(holders.path("record.pem"), "w", encoding="ascii") as file:
            file.write(market.get("recordKey")["public_key_pem"])
        files = []
        for envelope in market.get(self.name + "/envelopes?page_size=200", market.clerk)["envelopes"]:
            files.append(holders.path(envelope["digest"][:16] + ".envelope"))
            with open(files[-1], "wb") as file:
                file.write(base64.b64decode(envelope["content"]))
        return files

    def report(self, holders, name, lies=()):
        """A holder's signed report made by the second implementation; of the digests in `lies` it says a lie."""
        market = self.market
        proof = market.get(self.name + "/closeProof", market.clerk)["proof"]
        index = holders.names.index(name) + 1
        shares = {}
        for found in market.get(self.name + "/envelopes?page_size=200", market.clerk)["envelopes"]:
            envelope = sealed.Envelope(base64.b64decode(found["content"]))
            lie = found["digest"] in lies
            shares[envelope.digest] = (sealed.p.sha256(b"a lie" + envelope.digest) if lie else
                                       sealed.open_share(holders.private(name), holders.set, envelope, index))
        suite = holders.set.suite
        text = sealed.share_report(suite, self.name, proof, holders.set, index, shares)
        return sealed.sign_text(text, suite, holders.signing_scalar(name))

    def hand_in(self, report):
        return self.market.call("POST", self.name + ":handInShares", self.market.clerk, {"report": report})
