// SPDX-License-Identifier: MIT
//
// mongodb.hpp: the definitions behind <aiaudit/sinks/mongodb_sink.hpp>, which need libmongoc. They
// need those of sinks.hpp.
// Floor 11.
#ifndef AIAUDIT_IMPL_MONGODB_HPP
#define AIAUDIT_IMPL_MONGODB_HPP

#include <aiaudit/impl/sinks/mongodb_document.ipp>
#include <aiaudit/impl/sinks/mongodb_sink.ipp>

#endif  // AIAUDIT_IMPL_MONGODB_HPP
