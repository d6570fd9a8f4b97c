// SPDX-License-Identifier: MIT
//
// Macros of others, then both single headers.
#include "hostile_macros.hpp"

#include <aiaudit/ledger.hpp>

#include <aiaudit/aiaudit.hpp>

std::string two();
std::string two() { return aiaudit::money::parse("1.50").value().to_string(); }
