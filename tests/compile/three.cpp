// SPDX-License-Identifier: MIT
//
// Modular headers around the single one (which the build puts first in the path): their guards keep
// them from meeting twice.
#include <aiaudit/core/money.hpp>

#include <aiaudit/aiaudit.hpp>

#include MODULAR_LEDGER

std::string three();
std::string three() { return aiaudit::money::parse("1.50").value().to_string(); }
