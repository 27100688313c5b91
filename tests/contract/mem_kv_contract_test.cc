#include "libs/storage/mem_kv.h"

#include "tests/contract/kv_contract.h"

namespace ttx::contract {

INSTANTIATE_TEST_SUITE_P(Memory, KvContract,
                         ::testing::Values(Backend{
                             "MemKv", [](const std::string&) { return std::make_unique<storage::MemKv>(); }}),
                         BackendName);

}  // namespace ttx::contract
