// SPDX-License-Identifier: MIT
//
// mongodb_sink.hpp: records to MongoDB, by libmongoc. Opt-in: aiaudit.hpp does not include it, and
// only who does needs libmongoc (-lmongoc-1.0 -lbson-1.0).
//
// A record is a document with the _id "ORIGIN/SEQUENCE", the sequence in 12 digits, so that it can
// be there only once. The documents go first, then the cursor: no transaction, and a single node
// will do. What is there already is compared by its leaf. Money stands twice: NAME as Decimal128
// and NAME_pico as a whole number of pico-USD. A value that a record does not have is left out.
// Writes are acknowledged by a majority and its journal. open() counts what lies before the cursor,
// and hands out one from before a hole where documents are missing.
// Threads: one at a time. Processes: any number may ship one log.
// Floor 9.
#ifndef AIAUDIT_SINKS_MONGODB_SINK_HPP
#define AIAUDIT_SINKS_MONGODB_SINK_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/sinks/record_sink.hpp>  // record_sink

#include <memory>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// mongodb://[USER:PASSWORD@]HOST[:PORT][,...][/DATABASE][?OPTION=VALUE&...] or mongodb+srv://...,
// as all drivers read it; the database is `aiaudit`. Its open() makes what indexes are missing.
// Errors: bad_argument, which shows no part of the address.
[[nodiscard]] result<std::unique_ptr<record_sink>> mongodb_sink(std::string_view address);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/mongodb_sink.ipp>
#endif

#endif  // AIAUDIT_SINKS_MONGODB_SINK_HPP
