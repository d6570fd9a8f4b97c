// SPDX-License-Identifier: MIT
//
// Macros that other people's headers define; then both single headers.
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define small char
#define interface struct
#define major(x) x
#define minor(x) x
#define ERROR 0
#define Bool int
#define Success 0
#define None 0
#define Status int
#include <aiaudit/ledger.hpp>

#include <aiaudit/aiaudit.hpp>

std::string two();
std::string two() { return aiaudit::money::parse("1.50").value().to_string(); }
