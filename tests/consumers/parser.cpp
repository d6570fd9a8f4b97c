// SPDX-License-Identifier: MIT
//
// Whether our parser and the cpp-httplib that is linked go together.
#include <aiaudit/transport/response_reader.hpp>

#include <cstdlib>
#include <iostream>

int main() {
    auto const& abilities = aiaudit::detail::httplib_abilities::get();
    std::cout << "cpp-httplib " CPPHTTPLIB_VERSION
              << (abilities.decodes_gzip ? ", with" : ", without") << " gzip\n";
    return abilities.reads_our_stream ? EXIT_SUCCESS : EXIT_FAILURE;
}
