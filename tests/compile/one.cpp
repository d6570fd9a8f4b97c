// SPDX-License-Identifier: MIT
//
// One of three translation units that must link: with the single header, twice.
#include <aiaudit/aiaudit.hpp>

std::string two();
std::string three();

int main() {
    std::string const one = aiaudit::money::parse("1.50").value().to_string();
    return one == two() && one == three() ? 0 : 1;
}
