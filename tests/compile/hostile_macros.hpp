// SPDX-License-Identifier: MIT
//
// hostile_macros.hpp: macros that headers of Unix, X11, Windows and macOS define. All that ours
// stand on goes first: what a library of others does with such macros is not ours to say.
#ifndef AIAUDIT_TESTS_COMPILE_HOSTILE_MACROS_HPP
#define AIAUDIT_TESTS_COMPILE_HOSTILE_MACROS_HPP

// What comes before our headers must be as the libraries were built (decision 0011).
#define CPPHTTPLIB_OPENSSL_SUPPORT
#define USE_OS_TZDB 1
#define ONLY_C_LOCALE 1
#if __has_include(<date/tz.h>)
#include <date/tz.h>
#endif
#include <httplib.h>
#include <lmdb.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cmath>
#include <compare>
#include <concepts>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <exception>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <ostream>
#include <random>
#include <regex>
#include <set>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#undef major
#undef minor
#define major(device) device
#define minor(device) device
#define Bool int
#define None 0L
#define Status int
#define Success 0
#define ERROR 0
#define OK 0
#define far
#define interface struct
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define near
#define small char
#define check(assertion) \
    do {                 \
    } while (!(assertion))

#endif  // AIAUDIT_TESTS_COMPILE_HOSTILE_MACROS_HPP
