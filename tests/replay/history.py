#!/usr/bin/env python3
"""Makes a history of auctions and bids as an exchange might have it: always the same one for a seed.

history.py FOLDER [--auctions N] [--bids N] [--seed N] writes FOLDER/auctions.csv and FOLDER/bids.csv.
"""

import argparse
import pathlib
import random
import sys

FIRST_OPENING_MS = 1_767_230_000_000  # 2026-01-01, about
OPEN_MS = 3_600_000
STEP_FEN = 10_000
AT_A_TIME = 64  # auctions that run side by side


def auctions_of(count, rng):
    """Names, start prices and times; the next opens a minute after the one before."""
    for number in range(count):
        opening = FIRST_OPENING_MS + number * 60_000
        yield f"A{number:06d}", rng.randrange(10, 1000) * STEP_FEN, opening, opening + OPEN_MS


def bids_of(auctions, count, rng):
    """Rows in the order in which they came: by time within each auction, the auctions side by side. One in four bids is
    refused: too low, off the ladder, or by the leader."""
    each = max(1, count // len(auctions))
    for first in range(0, len(auctions), AT_A_TIME):
        running = [[name, opening, start, -1] for name, start, opening, _ in auctions[first:first + AT_A_TIME]]
        for _ in range(each):
            for auction in running:
                name, time, price, leader = auction
                dice = rng.random()
                bidder = (leader + 1 + int(dice * 7_000) % 7) % 8
                time += int(dice * 2 * 1.1 * OPEN_MS / each)
                auction[1] = time
                amount = price
                if dice < 0.85:
                    amount += STEP_FEN * (1 + int(dice * 30) % 3)
                    auction[2] = amount
                    auction[3] = bidder
                elif dice < 0.90:
                    amount += 7
                elif dice < 0.95:
                    bidder = max(leader, 0)
                    amount += STEP_FEN
                yield f"{name},{time},B{bidder:02d},{amount}\n"


def write(folder, auctions, bids, seed):
    """Returns how many bids there are."""
    rng = random.Random(seed)
    rows = list(auctions_of(auctions, rng))
    with open(folder / "auctions.csv", "w", encoding="ascii") as file:
        file.write("auction,start_fen,open_ms,end_ms\n")
        file.writelines(f"{name},{start},{opening},{end}\n" for name, start, opening, end in rows)
    written = 0

    def counted():
        nonlocal written
        for row in bids_of(rows, bids, rng):
            written += 1
            yield row

    with open(folder / "bids.csv", "w", encoding="ascii", buffering=1 << 20) as file:
        file.write("auction,time_ms,bidder,amount_fen\n")
        file.writelines(counted())
    return written


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--auctions", type=int, default=20)
    parser.add_argument("--bids", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(write(options.folder, options.auctions, options.bids, options.seed), "bids")
    return 0


if __name__ == "__main__":
    sys.exit(main())
