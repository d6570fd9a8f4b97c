// SPDX-License-Identifier: MIT
//
// sqlite_modern_cpp: a table is made, written to, and asked.
#include <sqlite_modern_cpp.h>

#include <string>

int main() {
    sqlite::database db("calls.db");
    db << "CREATE TABLE calls(user TEXT, cost INTEGER)";
    db << "INSERT INTO calls VALUES(?, ?)" << std::string("ana") << 3'040'000'000LL;
    long long total = 0;
    db << "SELECT user, sum(cost) FROM calls GROUP BY user" >>
        [&](std::string const&, long long cost) { total += cost; };
    return total > 0 ? 0 : 1;
}
