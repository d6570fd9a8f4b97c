// SPDX-License-Identifier: MIT
//
// Macros that headers of Unix define (sys/sysmacros.h, X11), then both single
// headers. The libraries that ours stand on go first: not all of them bear such macros. What comes
// before us must be as the libraries were built (decision 0011).
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define USE_OS_TZDB 1
#define ONLY_C_LOCALE 1
#if __has_include(<date/tz.h>)
#include <date/tz.h>
#endif
#include <httplib.h>
#include <lmdb.h>
#include <openssl/evp.h>
#include <boost/crc.hpp>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/system/result.hpp>

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
