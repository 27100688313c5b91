'use strict';
// The TTX API over gRPC, from the protos alone: what an integrator in another language has.

const fs = require('node:fs');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const CALL_MS = 20_000;

const LOADING = {keepCase: true, longs: String, enums: String, defaults: true, oneofs: true};

/// The protos of grpc.health.v1 and grpc.reflection.v1alpha, as far as they are used here.
const STANDARD = protoLoader.fromJSON({
  nested: {
    grpc: {
      nested: {
        health: {
          nested: {
            v1: {
              nested: {
                HealthCheckRequest: {fields: {service: {type: 'string', id: 1}}},
                HealthCheckResponse: {fields: {status: {type: 'ServingStatus', id: 1}}},
                ServingStatus: {values: {UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2}},
                Health: {methods: {Check: {requestType: 'HealthCheckRequest', responseType: 'HealthCheckResponse'}}},
              },
            },
          },
        },
        reflection: {
          nested: {
            v1alpha: {
              nested: {
                Request: {fields: {list_services: {type: 'string', id: 7}}},
                Service: {fields: {name: {type: 'string', id: 1}}},
                Services: {fields: {service: {rule: 'repeated', type: 'Service', id: 1}}},
                Response: {fields: {list_services_response: {type: 'Services', id: 6}}},
                ServerReflection: {
                  methods: {
                    ServerReflectionInfo: {
                      requestType: 'Request', responseType: 'Response', requestStream: true, responseStream: true,
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
}, LOADING);

class Api {
  /// `config`: include_dirs; auction_address and party_address "host:port"; tls {ca, certificate, key} as file names,
  /// absent for plaintext.
  constructor(config) {
    this.config = config;
    this.types = protoLoader.loadSync(
        [
          'ttx/auction/v1/auction.proto', 'ttx/party/v1/party.proto', 'ttx/api/v1/error_info.proto',
          'google/rpc/status.proto', 'google/rpc/error_details.proto',
        ],
        {...LOADING, includeDirs: config.include_dirs});
    this.services = grpc.loadPackageDefinition(this.types).ttx;
    this.standard = grpc.loadPackageDefinition(STANDARD).grpc;
    this.clients = [];
  }

  credentials(tls = this.config.tls) {
    if (!tls) return grpc.credentials.createInsecure();
    const read = (name) => name && fs.readFileSync(name);
    return grpc.credentials.createSsl(read(tls.ca), read(tls.key) ?? null, read(tls.certificate) ?? null);
  }

  /// A client of `Service` at "auction" or "party". `tls` replaces the configured one, `name` the certified name.
  client(Service, role, {tls = this.config.tls, name = `${role}.ttx.internal`, options = {}} = {}) {
    const channel = tls ? {'grpc.ssl_target_name_override': name, 'grpc.default_authority': name} : {};
    const client = new Service(
        this.config[`${role}_address`], this.credentials(tls),
        {...channel, 'grpc.enable_retries': 0, 'grpc.use_local_subchannel_pool': 1, ...options});
    this.clients.push(client);
    return client;
  }

  auction(how) {
    return this.client(this.services.auction.v1.AuctionService, 'auction', how);
  }

  party(how) {
    return this.client(this.services.party.v1.PartyService, 'party', how);
  }

  close() {
    for (const client of this.clients) client.close();
  }

  /// What an error says: {code, reason, domain, metadata, violations: {field: description}}.
  problem(error) {
    const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
    if (bytes === undefined) return {code: grpc.status[error.code], message: error.details};
    const status = this.types['google.rpc.Status'].deserialize(bytes);
    const found = {code: grpc.status[error.code], message: error.details, violations: {}};
    if (status.code !== error.code) throw new Error(`the details say code ${status.code}: ${error}`);
    for (const {type_url: url, value} of status.details) {
      if (url === 'type.googleapis.com/google.rpc.ErrorInfo') {
        Object.assign(found, this.types['ttx.api.v1.ErrorInfo'].deserialize(value));
      } else if (url === 'type.googleapis.com/google.rpc.BadRequest') {
        for (const violation of this.types['google.rpc.BadRequest'].deserialize(value).field_violations) {
          found.violations[violation.field] = violation.description;
        }
      } else {
        throw new Error(`an unknown detail: ${url}`);
      }
    }
    return found;
  }
}

function metadataOf({token, headers = {}}) {
  const metadata = new grpc.Metadata();
  if (token) metadata.set('authorization', `Bearer ${token}`);
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return metadata;
}

function deadlineIn(milliseconds) {
  return new Date(Date.now() + milliseconds);
}

/// One unary call: {response, trailers}; rejects with the ServiceError, whose metadata are the trailers.
function call(client, method, request, how = {}) {
  return new Promise((resolve, reject) => {
    let response;
    const started = client[method](
        request, metadataOf(how), {deadline: deadlineIn(how.ms ?? CALL_MS)}, (error, value) => {
          if (error) reject(error);
          response = value;
        });
    started.on('status', (status) => {
      if (status.code === grpc.status.OK) resolve({response, trailers: status.metadata});
    });
  });
}

/// The error of a call that has to fail.
async function failure(promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`should have failed: ${JSON.stringify(answer.response)}`);
}

/// A server stream that remembers what came.
class Following {
  constructor(client, method, request, how = {}) {
    this.events = [];
    this.waiting = new Set();
    this.stream = client[method](request, metadataOf(how), {deadline: deadlineIn(how.ms ?? CALL_MS)});
    this.stream.on('data', (event) => {
      this.events.push(event);
      for (const check of this.waiting) check();
    });
    // Rejections arrive as a status as well.
    this.stream.on('error', () => {});
    this.ended = new Promise((resolve) => this.stream.on('status', resolve));
  }

  /// Resolves once an event satisfies `wanted`.
  until(wanted, what, milliseconds = CALL_MS) {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!this.events.some(wanted)) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`no event within ${milliseconds} ms: ${what}; ${this.events.length} others came`));
      }, milliseconds);
      this.waiting.add(check);
      check();
    });
  }

  cancel() {
    this.stream.cancel();
    return this.ended;
  }
}

module.exports = {Api, Following, call, deadlineIn, failure, grpc, metadataOf};
