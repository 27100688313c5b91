#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "libs/storage/kv.h"
#include "tests/contract/temp_folder.h"

namespace ttx::contract {

/// One implementation of the storage port.
struct Backend {
  std::string name;
  std::function<std::unique_ptr<storage::Kv>(const std::string& folder)> open;
};

inline void PrintTo(const Backend& backend, std::ostream* out) { *out << backend.name; }

inline std::string BackendName(const ::testing::TestParamInfo<Backend>& info) { return info.param.name; }

/// The suite that every implementation passes; each instantiates it in a file of its own.
class KvContract : public ::testing::TestWithParam<Backend> {
 protected:
  TempFolder folder_;
  const std::unique_ptr<storage::Kv> kv_ = GetParam().open(folder_.path());
};

}  // namespace ttx::contract
