"""An installation with bidders and open auctions, seeded before its servers start."""

import os
import subprocess

from installation import BINARY, Installation

SEED_TOOL = os.path.join(os.path.dirname(BINARY), "tests/bench/ttx_bench_seed")
START_FEN, STEP_FEN = 10_000, 100  # tests/bench/load.h


class Seeded(Installation):
    """`bidders` enterprises that may bid in `auction` and in each of `spread`, which stay open for 24 h after a bid."""

    def __init__(self, bidders=3, spread=1, closed=0, start=True, **options):
        super().__init__(start=False, **options)
        try:
            subprocess.run([SEED_TOOL, "--data", self.path("data"), "--out", self.folder, "--secrets-key",
                            self.path("keys/secrets.key"), "--bidders", str(bidders), "--spread", str(spread),
                            "--closed", str(closed)], check=True, capture_output=True)
            self.auction = self.lines("auctions.hot")[0]
            self.spread = self.lines("auctions.spread")
            # client id, secret, organization
            self.bidders = [tuple(line.split()) for line in self.lines("bidders")]
            if start:
                self.start()
        except BaseException:
            self.__exit__()
            raise

    def lines(self, name):
        with open(self.path(name)) as file:
            return file.read().splitlines()

    def bidder_token(self, index=0):
        return self.token(*self.bidders[index][:2])

    def bid(self, token, price_fen, auction=None, **options):
        return self.request("POST", f"/v1/{auction or self.auction}/bids", {"price_fen": str(price_fen)}, token=token,
                            **options)

    def bids(self, auction=None):
        """Every accepted bid as (number, price), in order."""
        bids, page_token = [], ""
        while True:
            answer = self.request("GET", f"/v1/{auction or self.auction}/bids?page_size=200" +
                                  (f"&page_token={page_token}" if page_token else ""))
            assert answer.status == 200, answer.body
            bids += [(int(bid["number"]), int(bid["price_fen"])) for bid in answer.json["bids"]]
            page_token = answer.json["next_page_token"]
            if not page_token:
                return bids
