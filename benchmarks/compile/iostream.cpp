// SPDX-License-Identifier: MIT
//
// The yardstick of compiling: <iostream> alone.
#include <iostream>
#include <string>

int main(int argc, char** argv) {
    std::string const name = argc > 1 ? argv[1] : "world";
    std::cout << "hello, " << name << '\n';
    std::cerr << argc << '\n';
    return std::cout.good() ? 0 : 1;
}
