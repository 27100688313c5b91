-- The same decision as PlaceBid in PostgreSQL, with what a careful implementation of it stores and nothing more.
CREATE TABLE auctions (
  id integer PRIMARY KEY,
  start_fen bigint NOT NULL,
  step_fen bigint NOT NULL,
  cycle interval NOT NULL,
  best_fen bigint NOT NULL,
  best_bidder integer NOT NULL,
  bid_count bigint NOT NULL,
  phase_end timestamptz NOT NULL
) WITH (fillfactor = 20);  -- room for new versions of a row on its page

CREATE TABLE bids (
  auction integer NOT NULL,
  number bigint NOT NULL,
  bidder integer NOT NULL,
  price_fen bigint NOT NULL,
  accept_time timestamptz NOT NULL,
  request_id bigint NOT NULL UNIQUE,
  PRIMARY KEY (auction, number)
);

CREATE TABLE refused_bids (
  auction integer NOT NULL,
  bidder integer NOT NULL,
  price_fen bigint NOT NULL,
  refuse_time timestamptz NOT NULL,
  request_id bigint NOT NULL UNIQUE
);

-- What the load generators count up to send rising prices.
CREATE SEQUENCE next_number CACHE 1;

-- Returns the number of the bid, or NULL when it was refused. Without a price the next valid one is bid.
CREATE FUNCTION place_bid(of_auction integer, by_bidder integer, at_fen bigint, id bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  a auctions%ROWTYPE;
  accept_time timestamptz := clock_timestamp();
BEGIN
  SELECT * INTO a FROM auctions WHERE auctions.id = of_auction FOR NO KEY UPDATE;
  IF at_fen IS NULL THEN
    at_fen := a.best_fen + a.step_fen;
  END IF;
  IF a.phase_end <= accept_time OR at_fen < a.start_fen OR at_fen <= a.best_fen
     OR (at_fen - a.start_fen) % a.step_fen <> 0 THEN
    INSERT INTO refused_bids VALUES (of_auction, by_bidder, at_fen, accept_time, id);
    RETURN NULL;
  END IF;
  INSERT INTO bids VALUES (of_auction, a.bid_count + 1, by_bidder, at_fen, accept_time, id);
  UPDATE auctions SET best_fen = at_fen, best_bidder = by_bidder, bid_count = a.bid_count + 1,
    phase_end = accept_time + a.cycle WHERE auctions.id = of_auction;
  RETURN a.bid_count + 1;
END
$$;

INSERT INTO auctions SELECT n, 10000, 100, interval '24 hours', 10000, 0, 0, now() + interval '24 hours'
  FROM generate_series(1, 1001) n;
VACUUM ANALYZE auctions;
