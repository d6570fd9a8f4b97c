// SPDX-License-Identifier: MIT
//
// verify.ipp: the definitions of verify.hpp.
#ifndef AIAUDIT_IMPL_VERIFY_IPP
#define AIAUDIT_IMPL_VERIFY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/verify.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string verification::conclusion() const {
    auto const number = [](std::uint64_t value) { return std::to_string(value); };
    if (!sound()) return "NOT SOUND: " + findings.front();
    std::string const left = unvouched.empty()
                                 ? std::string{}
                                 : "; not vouched for: " + unvouched.front() +
                                       (unvouched.size() == 1 ? std::string{} : ", and more");
    std::string text = "records ";
    text += number(size - read + 1) + " to " + number(size) + " match the tree of the log";
    if (read == 0) text = "no records were read";
    if (dropped != 0) text += "; " + number(dropped) + " were dropped by retention";
    if (anchored == 0) {
        return text +
               "; no outside checkpoint was given, so it cannot be excluded that records were " +
               "cut off at the end, or that the whole log was written anew" + left;
    }
    text += "; the checkpoint vouches for records 1 to " + number(anchored);
    if (anchored < size) {
        text += ", and not for the " + number(size - anchored) + " after: those could have been " +
                "replaced or cut off";
    }
    return text + left;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_VERIFY_IPP
