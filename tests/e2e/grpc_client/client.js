'use strict';
// node client.js CHECK < config.json: one check of the API over gRPC. Exit status 0, or 1 with what is wrong on stderr.
// The configuration: what Api (api.js) takes, auction (its name), bidders [{id, secret}], admin {id, secret}.

const assert = require('node:assert/strict');
const {randomUUID} = require('node:crypto');
const fs = require('node:fs');
const {Api, Following, call, deadlineIn, failure, grpc, metadataOf} = require('./api.js');

const STEP_FEN = 100n;
const MEBIBYTE = 1024 * 1024;

const config = JSON.parse(fs.readFileSync(0, 'utf8'));
const api = new Api(config);
const auction = api.auction();
const party = api.party();

async function tokenOf({id, secret}) {
  const {response} = await call(
      party, 'IssueToken', {grant_type: 'client_credentials', client_id: id, client_secret: secret});
  return response.access_token;
}

const bidderToken = (index = 0) => tokenOf(config.bidders[index]);

async function read() {
  return (await call(auction, 'GetAuction', {name: config.auction})).response;
}

/// The lowest price that is accepted now.
async function nextPrice() {
  return BigInt((await read()).min_acceptable_fen);
}

function bid(token, price_fen, {request_id = randomUUID(), client = auction, parent = config.auction, ...how} = {}) {
  return call(client, 'PlaceBid', {parent, price_fen: String(price_fen), request_id}, {token, ...how});
}

async function refusal(promise) {
  return api.problem(await failure(promise));
}

async function allBids() {
  const bids = [];
  let page_token = '';
  do {
    const {response} = await call(auction, 'ListBids', {parent: config.auction, page_size: 7, page_token});
    assert.ok(response.bids.length <= 7);
    bids.push(...response.bids);
    page_token = response.next_page_token;
  } while (page_token !== '');
  return bids;
}

/// A request as bytes, for what a client that follows the protos cannot send.
function sendBytes(client, service, method, bytes, token) {
  const {path, responseDeserialize} = service.service[method];
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
        path, (value) => value, responseDeserialize, bytes, metadataOf({token}), {deadline: deadlineIn(20_000)},
        (error, response) => error ? reject(error) : resolve({response}));
  });
}

const checks = {
  async tokens() {
    const [bidder] = config.bidders;
    const {response} = await call(
        party, 'IssueToken', {grant_type: 'client_credentials', client_id: bidder.id, client_secret: bidder.secret});
    assert.equal(response.token_type, 'Bearer');
    assert.ok(response.expires_in > 0);
    assert.equal(response.access_token.split('.').length, 3);
    const refused = await refusal(call(
        party, 'IssueToken', {grant_type: 'client_credentials', client_id: bidder.id, client_secret: 'ttx_wrong'}));
    assert.equal(refused.code, 'UNAUTHENTICATED');
    assert.equal(refused.domain, 'party.ttx');
    assert.match(refused.reason, /^[A-Z_]+$/);
  },

  async lists() {
    const names = [];
    let page_token = '';
    do {
      const {response} = await call(auction, 'ListAuctions', {page_size: 2, page_token});
      assert.ok(response.auctions.length <= 2);
      names.push(...response.auctions.map((one) => one.name));
      page_token = response.next_page_token;
    } while (page_token !== '');
    assert.equal(new Set(names).size, names.length, 'an auction came twice');
    assert.ok(names.length >= 3, `${names.length} auctions`);
    assert.ok(names.includes(config.auction));
    const {response: whole} = await call(auction, 'ListAuctions', {});
    assert.deepEqual(whole.auctions.map((one) => one.name), names);
    const open = await read();
    assert.equal(open.state, 'LIMITED');
    assert.equal(open.currency_code, 'CNY');
    assert.equal(open.rules.increments[0].step_fen, String(STEP_FEN));
    const refused = await refusal(call(auction, 'ListAuctions', {page_size: -1}));
    assert.equal(refused.code, 'INVALID_ARGUMENT');
    assert.deepEqual(Object.keys(refused.violations), ['page_size']);
  },

  async bids() {
    const token = await bidderToken();
    const before = await read();
    const price = await nextPrice();
    const {response: accepted, trailers} = await bid(token, price);
    assert.equal(accepted.number, String(Number(before.bid_count) + 1));
    assert.equal(accepted.price_fen, String(price));
    assert.equal(accepted.bidder_code, 'B0000');
    assert.equal(accepted.name, `${config.auction}/bids/${accepted.number}`);
    assert.deepEqual(trailers.get('x-ttx-replayed'), []);

    const between = await refusal(bid(token, price + STEP_FEN + 1n));
    assert.equal(between.code, 'FAILED_PRECONDITION');
    assert.equal(between.reason, 'NOT_MULTIPLE');
    assert.equal(between.domain, 'auction.ttx');
    const again = await refusal(bid(token, price));
    assert.equal(again.reason, 'NOT_HIGHER');
    assert.equal(again.metadata.min_acceptable_fen, String(price + STEP_FEN));
    const below = await refusal(bid(token, 1));
    assert.equal(below.reason, 'BELOW_START');
    const {response: next} = await bid(await bidderToken(1), again.metadata.min_acceptable_fen);
    assert.equal(next.bidder_code, 'B0001');

    assert.equal((await refusal(bid(null, price))).reason, 'UNAUTHENTICATED');
    assert.equal((await refusal(bid('garbage', price))).reason, 'UNAUTHENTICATED');
    const administrator = await refusal(bid(await tokenOf(config.admin), price));
    assert.equal(administrator.code, 'PERMISSION_DENIED');
    assert.equal(administrator.metadata.permission, 'auction.bid.create');
    const nowhere = await refusal(bid(token, price, {parent: 'auctions/01aaaaaaaaaaaaaaaaaaaaaaaa'}));
    assert.equal(nowhere.code, 'NOT_FOUND');
    const unnamed = await refusal(bid(token, price, {request_id: ''}));
    assert.equal(unnamed.code, 'INVALID_ARGUMENT');
    assert.deepEqual(unnamed.violations, {request_id: 'REQUIRED'});

    const after = await read();
    assert.equal(Number(after.bid_count), Number(before.bid_count) + 2);
    assert.equal(after.leading_bid.price_fen, next.price_fen);
  },

  async replays() {
    const token = await bidderToken();
    const price = await nextPrice();
    const request_id = randomUUID();
    const first = await bid(token, price, {request_id});
    assert.deepEqual(first.trailers.get('x-ttx-replayed'), []);
    for (let i = 0; i < 3; ++i) {
      const again = await bid(token, price, {request_id});
      assert.deepEqual(again.response, first.response);
      assert.deepEqual(again.trailers.get('x-ttx-replayed'), ['1']);
    }
    const other = await refusal(bid(token, price + STEP_FEN, {request_id}));
    assert.equal(other.reason, 'REQUEST_ID_REUSED');
    const stranger = await failure(bid(await bidderToken(1), price, {request_id}));
    assert.equal(api.problem(stranger).reason, 'NOT_HIGHER', 'ids of two clients have nothing to do with each other');

    const refused_id = randomUUID();
    const refused = await failure(bid(token, price, {request_id: refused_id}));
    await bid(token, price + STEP_FEN);
    const still = await failure(bid(token, price, {request_id: refused_id}));
    assert.deepEqual(api.problem(still), api.problem(refused), 'a refusal is an answer and stays');
    assert.deepEqual(still.metadata.get('x-ttx-replayed'), ['1']);
    assert.equal((await allBids()).filter((one) => one.price_fen === String(price)).length, 1);
  },

  async follows() {
    const token = await bidderToken();
    const first = new Following(auction, 'WatchAuction', {name: config.auction});
    await first.until((event) => event.payload === 'phase_started', 'the history');
    for (let i = 0; i < 10; ++i) {
      const {response} = await bid(token, await nextPrice());
      await failure(bid(token, 1));
      await first.until((event) => event.bid_accepted?.number === response.number, `bid ${response.number} live`);
    }
    assert.equal((await first.cancel()).code, grpc.status.CANCELLED);

    const sequences = first.events.map((event) => Number(event.sequence));
    const missed = [];
    for (let i = 0; i < 5; ++i) missed.push((await bid(token, await nextPrice())).response.number);
    const second = new Following(
        auction, 'WatchAuction', {name: config.auction, after_sequence: String(sequences.at(-1))});
    const {response: last} = await bid(token, await nextPrice());
    await second.until((event) => event.bid_accepted?.number === last.number, 'the bid after the resume');
    await second.cancel();

    const events = [...first.events, ...second.events];
    const all = events.map((event) => Number(event.sequence));
    assert.deepEqual(all, all.map((_, i) => i + 1), 'numbers of the auction itself, none missing, none twice');
    assert.deepEqual(
        second.events.filter((event) => event.bid_accepted).map((event) => event.bid_accepted.number),
        [...missed, last.number]);
    const seen = events.filter((event) => event.bid_accepted).map((event) => event.bid_accepted);
    const listed = await allBids();
    assert.deepEqual(seen.map((one) => [one.number, one.price_fen]), listed.map((one) => [one.number, one.price_fen]));
    assert.deepEqual(listed.map((one) => Number(one.number)), listed.map((_, i) => i + 1));
    assert.ok(!events.some((event) => event.bid_refused), 'refused bids are nobody else\'s business');
    assert.ok(events.every((event) => event.auction === config.auction));
  },

  async parallel_bids() {
    const tokens = await Promise.all(config.bidders.map((_, i) => bidderToken(i)));
    const before = (await allBids()).length;
    const start = await nextPrice();
    const outcomes = await Promise.allSettled(
        Array.from({length: 60}, (_, i) => bid(tokens[i % tokens.length], start + STEP_FEN * BigInt(i))));
    const accepted = outcomes.filter((one) => one.status === 'fulfilled').map((one) => one.value.response);
    for (const {reason} of outcomes.filter((one) => one.status === 'rejected')) {
      assert.equal(api.problem(reason).reason, 'NOT_HIGHER');
    }
    const listed = (await allBids()).slice(before);
    assert.ok(accepted.length > 0);
    const pairs = (bids) => bids.map((one) => [Number(one.number), Number(one.price_fen)]).sort((a, b) => a[0] - b[0]);
    assert.deepEqual(pairs(listed), pairs(accepted));
    assert.deepEqual(listed.map((one) => Number(one.number)), listed.map((_, i) => before + i + 1));
  },

  /// A stream of an auction that is over ends by itself.
  async ends() {
    const {response} = await call(auction, 'ListAuctions', {page_size: 200});
    const closed = response.auctions.find((one) => one.state === 'CLOSED');
    assert.ok(closed, 'no closed auction');
    const following = new Following(auction, 'WatchAuction', {name: closed.name});
    assert.equal((await following.ended).code, grpc.status.OK);
    assert.equal(following.events.at(-1).payload, 'auction_closed');
    assert.equal(following.events.at(-1).auction_closed.outcome, closed.outcome);
    assert.equal(following.events.at(-1).auction_closed.log_hash, closed.log_hash);
    const nowhere = new Following(auction, 'WatchAuction', {name: 'auctions/01aaaaaaaaaaaaaaaaaaaaaaaa'});
    assert.equal((await nowhere.ended).code, grpc.status.NOT_FOUND);
  },

  async streams_need_permission() {
    const attempts = [
      [undefined, 'UNAUTHENTICATED'], ['garbage', 'UNAUTHENTICATED'], [await bidderToken(), 'PERMISSION_DENIED'],
      [await tokenOf(config.admin), 'PERMISSION_DENIED'],
    ];
    for (const [token, expected] of attempts) {
      const following = new Following(auction, 'StreamEvents', {}, {token});
      const refused = api.problem(await following.ended);
      assert.equal(refused.code, expected);
      assert.equal(refused.reason, expected);
      assert.equal(following.events.length, 0);
      const listed = await refusal(call(auction, 'ListEvents', {}, {token}));
      assert.equal(listed.reason, expected);
    }
  },

  async deadlines() {
    const started = Date.now();
    const following = new Following(auction, 'WatchAuction', {name: config.auction}, {ms: 500});
    assert.equal((await following.ended).code, grpc.status.DEADLINE_EXCEEDED);
    const passed = Date.now() - started;
    assert.ok(passed >= 450 && passed < 5_000, `${passed} ms`);
    assert.ok(following.events.length > 0);

    // Whatever became of requests that were given up, the same id tells, and nothing happens twice.
    const token = await bidderToken();
    const before = (await allBids()).length;
    const start = await nextPrice();
    const requests =
        Array.from({length: 40}, (_, i) => ({price: start + STEP_FEN * BigInt(i), request_id: randomUUID()}));
    const hasty = await Promise.allSettled(
        requests.map(({price, request_id}, i) => bid(token, price, {request_id, ms: 1 + i % 4})));
    for (const {reason} of hasty.filter((one) => one.status === 'rejected')) {
      assert.ok(['DEADLINE_EXCEEDED', 'FAILED_PRECONDITION'].includes(grpc.status[reason.code]), String(reason));
    }
    const accepted = [];
    for (const {price, request_id} of requests) {
      try {
        accepted.push((await bid(token, price, {request_id})).response);
      } catch (error) {
        assert.equal(api.problem(error).reason, 'NOT_HIGHER');
      }
    }
    const listed = (await allBids()).slice(before).map((one) => [one.number, one.price_fen]);
    const answered = accepted.map((one) => [one.number, one.price_fen]).sort((a, b) => a[0] - b[0]);
    assert.deepEqual(listed, answered);
    assert.ok(listed.length > 0);
  },

  async large_messages() {
    const token = await bidderToken();
    const send = (bytes) => failure(call(
        auction, 'PlaceBid',
        {parent: config.auction, price_fen: '900000', bidder_code: 'x'.repeat(bytes), request_id: randomUUID()},
        {token}));
    assert.equal(grpc.status[(await send(5 * MEBIBYTE)).code], 'RESOURCE_EXHAUSTED');
    assert.notEqual(grpc.status[(await send(3 * MEBIBYTE)).code], 'RESOURCE_EXHAUSTED');
    await read();
  },

  async compression() {
    const gzip = api.auction({options: {'grpc.default_compression_algorithm': 2}});
    const error = await failure(call(gzip, 'GetAuction', {name: config.auction}));
    assert.equal(grpc.status[error.code], 'UNIMPLEMENTED');
    await read();
  },

  async unknown_values() {
    const token = await bidderToken();
    const before = (await read()).bid_count;
    const {requestSerialize} = api.services.auction.v1.AuctionService.service.PlaceBid;
    const good = requestSerialize(
        {parent: config.auction, price_fen: String(await nextPrice()), request_id: randomUUID()});
    // Field 1000, a varint.
    const unknown = await refusal(sendBytes(
        auction, api.services.auction.v1.AuctionService, 'PlaceBid',
        Buffer.concat([good, Buffer.from([0xc0, 0x3e, 0x01])]), token));
    assert.equal(unknown.code, 'INVALID_ARGUMENT');
    assert.equal(unknown.reason, 'INVALID_FIELD');
    assert.deepEqual(unknown.violations, {1000: 'UNKNOWN_FIELD'});

    const garbled = await failure(sendBytes(
        auction, api.services.auction.v1.AuctionService, 'PlaceBid', Buffer.from([0x0a, 0x7f, 0x41]), token));
    assert.notEqual(garbled.code, grpc.status.OK);
    assert.equal((await read()).bid_count, before);

    const {requestSerialize: serialize} = api.services.party.v1.PartyService.service.RegisterOrganization;
    const kind = await refusal(sendBytes(
        party, api.services.party.v1.PartyService, 'RegisterOrganization',
        serialize({profile: {kind: 99}, request_id: randomUUID()})));
    assert.equal(kind.code, 'INVALID_ARGUMENT');
    assert.deepEqual(kind.violations, {'profile.kind': 'UNKNOWN_VALUE'});
  },

  async health() {
    for (const role of ['auction', 'party']) {
      const health = api.client(api.standard.health.v1.Health, role);
      const {response} = await call(health, 'Check', {service: ''});
      assert.equal(response.status, 'SERVING', role);
      const error = await failure(call(health, 'Check', {service: 'no.such.Service'}));
      assert.equal(grpc.status[error.code], 'NOT_FOUND');
    }
  },

  async reflection() {
    const names = (await reflected()).map((one) => one.name);
    const services = ['party', 'listing', 'auction', 'contract', 'settlement', 'disclosure'];
    for (const service of services) {
      const name = `ttx.${service}.v1.${service[0].toUpperCase()}${service.slice(1)}Service`;
      assert.ok(names.includes(name), `${name} is not among ${names}`);
    }
  },

  async no_reflection() {
    const error = await reflected().then(() => assert.fail('reflection answers'), (found) => found);
    assert.equal(grpc.status[error.code], 'UNIMPLEMENTED');
  },

  /// N46: who a caller is follows from its certificate or the secret of this process, never from what it says.
  async false_services() {
    const headers = [
      {'x-ttx-service': 'settlement'}, {'x-ttx-service': 'settlement', 'x-ttx-secret': 'x'},
      {'x-ttx-service': 'settlement', 'x-ttx-secret': ''}, {'x-ttx-service': 'party.ttx.internal'},
      {'x-ttx-service': '../listing'},
    ];
    for (const claim of headers) {
      const refused = await refusal(call(auction, 'ListEvents', {}, {headers: claim}));
      assert.equal(refused.reason, 'UNAUTHENTICATED', JSON.stringify(claim));
      const following = new Following(auction, 'StreamEvents', {}, {headers: claim});
      assert.equal(api.problem(await following.ended).reason, 'UNAUTHENTICATED', JSON.stringify(claim));
      const state = await refusal(call(party, 'GetVerificationState', {}, {headers: claim}));
      assert.equal(state.reason, 'UNAUTHENTICATED', JSON.stringify(claim));
    }
    const state = await refusal(call(party, 'GetVerificationState', {}, {token: await tokenOf(config.admin)}));
    assert.equal(state.code, 'PERMISSION_DENIED', 'for services only');
    // A false claim takes nothing from what is public, and gives nothing to a token.
    const refused = await refusal(
        call(auction, 'ListEvents', {}, {token: await bidderToken(), headers: {'x-ttx-service': 'listing'}}));
    assert.equal(refused.code, 'PERMISSION_DENIED');
  },

  /// With the certificate of `listing`, the claim to be `listing` is proven.
  async certified_service() {
    const {response} = await call(auction, 'ListEvents', {page_size: 200}, {headers: {'x-ttx-service': 'listing'}});
    assert.ok(response.events.length > 0);
    assert.equal(response.events[0].sequence, '1');
    const following = new Following(auction, 'StreamEvents', {}, {headers: {'x-ttx-service': 'listing'}});
    await following.until((event) => event.sequence === '1', 'the first event');
    await following.cancel();
    const before = new Following(
        auction, 'StreamEvents', {after_sequence: '-1'}, {headers: {'x-ttx-service': 'listing'}, ms: 2_000});
    const refused = api.problem(await before.ended);
    assert.equal(refused.code, 'INVALID_ARGUMENT');
    assert.deepEqual(Object.keys(refused.violations), ['after_sequence']);
  },

  async handshakes() {
    await read();
    const {ca, certificate, key} = config.tls;
    const strange = config.strange;
    const attempts = {
      'no certificate': {tls: {ca}},
      'a certificate of another authority': {tls: {ca, certificate: strange.certificate, key: strange.key}},
      'an expired certificate': {tls: {ca, certificate: strange.expired_certificate, key: strange.expired_key}},
      'plaintext': {tls: null},
      'a server of another authority': {tls: {ca: strange.ca, certificate, key}},
      'the name of another server': {name: 'party.ttx.internal'},
    };
    for (const [what, how] of Object.entries(attempts)) {
      const error = await failure(call(api.auction(how), 'GetAuction', {name: config.auction}, {ms: 5_000}));
      assert.ok(['UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(grpc.status[error.code]), `${what}: ${error}`);
    }
    await read();
  },
};

function reflected() {
  return new Promise((resolve, reject) => {
    const client = api.client(api.standard.reflection.v1alpha.ServerReflection, 'auction');
    const stream = client.ServerReflectionInfo({deadline: deadlineIn(20_000)});
    stream.on('data', (answer) => {
      resolve(answer.list_services_response.service);
      stream.end();
    });
    stream.on('error', reject);
    stream.write({list_services: ''});
  });
}

async function main() {
  const check = checks[process.argv[2]];
  if (check === undefined) throw new Error(`no such check; there are ${Object.keys(checks).join(', ')}`);
  await check();
  api.close();
}

main().then(() => process.exit(0), (error) => {
  console.error(error.stack ?? error);
  process.exit(1);
});
