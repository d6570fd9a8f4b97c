// SPDX-License-Identifier: MIT
//
// loopback_hosts.hpp: how this machine may be called by a client on it.
#ifndef AIAUDIT_TESTS_SUPPORT_LOOPBACK_HOSTS_HPP
#define AIAUDIT_TESTS_SUPPORT_LOOPBACK_HOSTS_HPP

#include <iostream>
#include <string>
#include <vector>

#include <netdb.h>

namespace aiaudit_tests {

// The address, and the name where the system has it: one without /etc/hosts, as a bare container
// may be, has not, and says so.
[[nodiscard]] inline std::vector<std::string> loopback_hosts() {
    std::vector<std::string> hosts{"127.0.0.1"};
    addrinfo* found = nullptr;
    if (::getaddrinfo("localhost", nullptr, nullptr, &found) == 0) {
        ::freeaddrinfo(found);
        hosts.emplace_back("localhost");
    } else {
        std::cerr << "left out: this system does not know the name localhost (/etc/hosts)\n";
    }
    return hosts;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_LOOPBACK_HOSTS_HPP
