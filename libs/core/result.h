#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "libs/core/check.h"
#include "libs/core/error.h"

namespace ttx {

/// A value or an Error. Reading the wrong one stops the process.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  const T& value() const& {
    TTX_CHECK(ok(), "value() of an error");
    return std::get<0>(state_);
  }
  T& value() & {
    TTX_CHECK(ok(), "value() of an error");
    return std::get<0>(state_);
  }
  T&& value() && {
    TTX_CHECK(ok(), "value() of an error");
    return std::get<0>(std::move(state_));
  }
  const Error& error() const& {
    TTX_CHECK(!ok(), "error() of a value");
    return std::get<1>(state_);
  }
  Error&& error() && {
    TTX_CHECK(!ok(), "error() of a value");
    return std::get<1>(std::move(state_));
  }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  const Error& error() const& {
    TTX_CHECK(!ok(), "error() of success");
    return *error_;
  }
  Error&& error() && {
    TTX_CHECK(!ok(), "error() of success");
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace ttx

#define TTX_CONCAT_INNER(a, b) a##b
#define TTX_CONCAT(a, b) TTX_CONCAT_INNER(a, b)

/// `TTX_TRY(auto x, F());` assigns the value or returns the error from the enclosing function.
#define TTX_TRY(declaration, expression) TTX_TRY_INNER(TTX_CONCAT(ttx_try_, __LINE__), declaration, expression)
#define TTX_TRY_INNER(temporary, declaration, expression) \
  auto temporary = (expression);                          \
  if (!temporary.ok()) return std::move(temporary).error(); \
  declaration = std::move(temporary).value()

/// `TTX_RETURN_IF_ERROR(F());` for functions that give a Status.
#define TTX_RETURN_IF_ERROR(expression)                                      \
  do {                                                                       \
    if (auto ttx_status = (expression); !ttx_status.ok()) return std::move(ttx_status).error(); \
  } while (false)
