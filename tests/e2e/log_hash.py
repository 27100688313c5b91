"""The log hash of an auction from what anybody reads of it (WatchAuction as JSON), by docs/formats.md alone."""

import base64
import hashlib

from market import parse_time

SECOND, MINUTE, HOUR = 10**9, 60 * 10**9, 3600 * 10**9
ENUMS = [
    ["FROM_START", "FROM_CURRENT"], ["ALWAYS", "IF_TWO_BIDDERS", "IF_TWO_IN_LAST_HOUR"],
    ["END_AT_CAP", "LOTTERY_AT_CAP"], ["START_PRICE_SALE", "AGREEMENT_AT_QUOTE", "RETENDER"],
    ["PRIORITY_THEN_TIME", "REQUOTE"], ["AS_ORDINARY", "SAME_PRICE", "ASK_AT_END"],
    ["EARLIEST", "LOTTERY", "PRO_RATA"]]
NUMBERS = {name: number for names in ENUMS for number, name in enumerate(names)}
FURTHER = [  # name, where it stands in the rules, usual value
    ("cap_policy", "cap_policy", 0), ("proxy_bids", "proxy_bids", 0), ("min_bidders", "min_bidders", 1),
    ("single_bidder", "single_bidder", 0), ("tie_rule", "tie_rule", 0),
    ("forfeit_when_silent", "forfeit_when_silent", 0), ("priority", "priority.mode", 0),
    ("equal_rank", "priority.equal_rank", 0), ("answer", "priority.answer_period", 5 * MINUTE),
    ("raise", "priority.best_bidder_may_raise", 0), ("decrement", "dutch.decrement_fen", 0),
    ("decrement_ppm", "dutch.decrement_ppm", 0), ("interval", "dutch.interval", 0), ("floor", "dutch.floor_fen", 0),
    ("submissions", "sealed.submissions", 1), ("may_withdraw", "sealed.may_withdraw", 0),
    ("check_multiple", "sealed.check_multiple", 0), ("shares_needed", "sealed.shares_needed", 3),
    ("shares_total", "sealed.shares_total", 5), ("shares_period", "sealed.shares_period", 24 * HOUR),
    ("second_period", "sealed.second_period", 72 * HOUR), ("reveal_period", "sealed.reveal_period", 72 * HOUR),
    ("holder_set", "sealed.holder_set", ""), ("price_weight", "scoring.price_weight_ppm", 0),
    ("criterion", "scoring.criteria", []), ("publicity", "scoring.publicity", 72 * HOUR),
    ("outage_notice", "suspension.outage_notice", 30 * MINUTE),
    ("resume_notice", "suspension.resume_notice", 24 * HOUR), ("longest", "suspension.longest", 120 * HOUR),
    ("next_best_allowed", "next_best_allowed", 0)]


def number(value):
    """Of an amount, a truth, an enum or nothing."""
    if isinstance(value, str) and value in NUMBERS:
        return NUMBERS[value]
    return int(value or 0)


def time(text):
    return parse_time(text) if text else 0


def length(text):
    """Nanoseconds of "1.5s"."""
    whole, _, fraction = (text or "0s").rstrip("s").partition(".")
    return int(whole) * SECOND + int(fraction.ljust(9, "0"))


def joined(codes):
    return "".join(f"{code};" for code in codes)


def further_rules(event):
    scheduled = event["auction_scheduled"]
    text = ""
    for name, path, usual in FURTHER:
        group, _, field = path.rpartition(".")
        message = scheduled["rules"].get(group) if group else scheduled["rules"]
        if not message:
            continue
        value = message.get(field)
        if name == "criterion":
            text += "".join(f"criterion={number(criterion['weight_ppm'])};" for criterion in value or [])
            continue
        if name == "holder_set":
            value = base64.urlsafe_b64encode((value or "").encode()).decode().rstrip("=")
        elif isinstance(value, str) and value.endswith("s"):
            value = length(value)
        else:
            value = number(value)
        if value != usual:
            text += f"{name}={value};"
    text += "".join(f"holder={holder['bidder_code']}/{holder['priority_rank']};" for holder in scheduled["holders"])
    return text + (f"draw={scheduled['draw_seed_commitment']};" if scheduled["draw_seed_commitment"] else "")


def scheduled(event):
    rules = event["auction_scheduled"]["rules"]
    fields = [event["listing"], event["exchange"], rules["mode"], time(event["auction_scheduled"]["start_time"]),
              number(rules["start_price_fen"]),
              "".join(f"{tier['from_fen']}+{tier['step_fen']};" for tier in rules["increments"]),
              number(rules["multiple_base"]), length(rules.get("free_period")), length(rules.get("preparation")),
              length(rules.get("cycle")), number(rules["limited_entry"]), number(rules["max_steps_per_bid"]),
              number(rules["self_outbid"]), number(rules["cap_fen"]), event["auction_scheduled"]["bidder_count"]]
    further = further_rules(event)
    return fields + ([further] if further else [])


def bid_accepted(event):
    bid = event["bid_accepted"]
    fields = [bid["number"], bid["bidder_code"], bid["price_fen"], time(bid.get("phase_end_time"))]
    if bid["priority_rank"]:
        fields.append(f"rank={bid['priority_rank']}")
    return fields + (["automatic"] if bid["automatic"] else [])


def resumed(event):
    to = event["auction_resumed"]
    fields = [to["state"], time(to.get("end_time"))]
    return fields + (["RESTART_PHASE", to["void_from"], to["void_to"]] if to["restart"] else [])


def envelopes(opened):
    text = ""
    for envelope in opened["envelopes"]:
        bid = envelope["bid"]
        text += (f"{bid['number']}/{bid['bidder_code']}/{bid['price_fen']}/{time(bid.get('accept_time'))}/"
                 f"{envelope['invalid_reason'] or 'VALID'}/{envelope['total_score']}/{envelope['risk_flags']};")
    return [text]


def bids_voided(event):
    to = event["bids_voided"]
    bid = to.get("leading_bid") or {"number": 0, "bidder_code": "", "price_fen": 0}
    return [to["bidder_code"], bid["number"], bid["bidder_code"], bid["price_fen"], time(to.get("end_time"))]


def closed(event):
    to = event["auction_closed"]
    fields = [to["outcome"], time(to["close_time"]), to["winner_code"], to["price_fen"], to["reserve_fen"]]
    if to["portions"]:
        fields.append("".join(f"{part['bidder_code']}/{part['share_ppm']}/{part['price_fen']};"
                              for part in to["portions"]))
    return fields + ([to["reason"]] if to["reason"] else [])


def of(payload, *fields):
    """Fields that are as they are read, but for times."""
    def read(event):
        values = [event[payload].get(field) for field in fields]
        return [time(value) if field.endswith("_time") else number(value) if isinstance(value, bool) else value
                for field, value in zip(fields, values)]
    return read


KINDS = {
    "auction_scheduled": ("Scheduled", scheduled),
    "phase_started": ("PhaseStarted", of("phase_started", "state", "start_time", "end_time")),
    "bid_accepted": ("BidAccepted", bid_accepted),
    "end_moved": ("Extended", of("end_moved", "end_time", "reason")),
    "auction_suspended": ("Suspended", of("auction_suspended", "suspend_time", "reason", "resume_time")),
    "resumption_planned": ("ResumptionPlanned", lambda event: [
        time(event["resumption_planned"].get("resume_time")),
        "RESTART_PHASE" if event["resumption_planned"]["restart"] else "CONTINUE",
        event["resumption_planned"]["reason"]]),
    "auction_resumed": ("Resumed", resumed),
    "lot_opened": ("LotOpened", lambda event: [joined(event["lot_opened"]["bidder_codes"])]),
    "lot_drawn": ("LotDrawn", of("lot_drawn", "bidder_code", "digest", "seed")),
    "priority_asked": ("PriorityAsked", lambda event: [event["priority_asked"]["rank"],
                                                       joined(event["priority_asked"]["bidder_codes"])]),
    "priority_answered": ("PriorityAnswered", lambda event: [
        event["priority_answered"]["bidder_code"],
        "EXERCISE" if event["priority_answered"]["exercise"] else "WAIVE"]),
    "envelope_accepted": ("EnvelopeAccepted", of("envelope_accepted", "bidder_code", "round", "digest")),
    "envelope_withdrawn": ("EnvelopeWithdrawn", of("envelope_withdrawn", "bidder_code", "round")),
    "scores_fixed": ("ScoresFixed", lambda event: ["".join(
        f"{score['bidder_code']}/{score['score']};" for score in event["scores_fixed"]["scores"])]),
    "shares_received": ("SharesReceived", of("shares_received", "holder")),
    "envelope_revealed": ("EnvelopeRevealed", of("envelope_revealed", "bidder_code")),
    "envelopes_opened": ("Opened", lambda event: envelopes(event["envelopes_opened"])),
    "tender_evaluated": ("Evaluated", lambda event: envelopes(event["tender_evaluated"])),
    "requote_called": ("RequoteCalled", lambda event: [joined(event["requote_called"]["bidder_codes"]),
                                                       event["requote_called"]["start_price_fen"]]),
    "leader_named": ("LeaderNamed", of("leader_named", "number", "bidder_code", "price_fen")),
    "deposit_forfeited": ("Forfeited", lambda event: of("deposit_forfeited", "bidder_code", "cause", "barred")(event) +
                          ([] if event["deposit_forfeited"]["deposit_lost"] else ["KEPT"])),
    "bids_voided": ("BidsVoided", bids_voided),
    "auction_closed": ("Closed", closed),
}


def line_of(event):
    [payload] = [name for name in KINDS if name in event]
    kind, fields = KINDS[payload]
    fixed = [kind, event["auction"].removeprefix("auctions/"), time(event["event_time"])]
    return "|".join(str(field) for field in fixed + fields(event))


def log_hash(events):
    """The hash in hex. `events` are all up to `auction_closed`, each as it was read when it became public."""
    places = {int(event["log_number"]): event for event in events if int(event["log_number"])}
    place = 1
    for event in sorted(events, key=lambda event: int(event["sequence"])):
        if int(event["log_number"]):
            continue
        while place in places:
            place += 1
        places[place] = event
    assert sorted(places) == list(range(1, len(events) + 1)), sorted(places)
    hashed = bytes(32)
    for place in sorted(places):
        hashed = hashlib.sha256(hashed + line_of(places[place]).encode()).digest()
    return hashed.hex()
