// SPDX-License-Identifier: MIT
//
// function_ref.hpp: a callback as a parameter, without a template and without an allocation.
//
// Threads: as the function's.
// Floor 1.
#ifndef AIAUDIT_DETAIL_FUNCTION_REF_HPP
#define AIAUDIT_DETAIL_FUNCTION_REF_HPP

#include <memory>
#include <type_traits>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Signature>
class function_ref;

// Refers to a function object, which must outlive it: for parameters, never to be stored.
template <class Return, class... Arguments>
class function_ref<Return(Arguments...)> {
public:
    template <class Function>
    requires(!std::is_same_v<std::remove_cvref_t<Function>, function_ref>)
        function_ref(Function&& function)  // NOLINT: implicit
    noexcept
        : object_(const_cast<void*>(static_cast<void const*>(std::addressof(function)))),
          call_([](void* object, Arguments... arguments) -> Return {
              return (*static_cast<std::add_pointer_t<Function>>(object))(
                  std::forward<Arguments>(arguments)...);
          }) {}

    Return operator()(Arguments... arguments) const {
        return call_(object_, std::forward<Arguments>(arguments)...);
    }

private:
    void* object_;
    Return (*call_)(void*, Arguments...);
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_FUNCTION_REF_HPP
