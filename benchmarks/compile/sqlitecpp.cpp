// SPDX-License-Identifier: MIT
//
// SQLiteCpp: a table is made, written to in a transaction, and asked.
#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>

int main() {
    SQLite::Database db("calls.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE calls(user TEXT, cost INTEGER)");
    SQLite::Transaction transaction(db);
    SQLite::Statement insert(db, "INSERT INTO calls VALUES(?, ?)");
    insert.bind(1, "ana");
    insert.bind(2, std::int64_t{3'040'000'000});
    insert.exec();
    transaction.commit();
    SQLite::Statement sum(db, "SELECT user, sum(cost) FROM calls GROUP BY user");
    return sum.executeStep() && sum.getColumn(1).getInt64() > 0 ? 0 : 1;
}
