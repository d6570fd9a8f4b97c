// SPDX-License-Identifier: MIT
//
// The yardstick of compiling: <iostream> alone.
#include <iostream>

int main() { std::cout << "hello\n"; }
