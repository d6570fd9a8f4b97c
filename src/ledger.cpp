// SPDX-License-Identifier: MIT
//
// The compiled library, a part of it: see impl.hpp.
#include <aiaudit/impl/ledger.hpp>
