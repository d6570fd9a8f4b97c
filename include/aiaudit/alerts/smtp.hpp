// SPDX-License-Identifier: MIT
//
// smtp.hpp: alerts as e-mails, by libcurl. Opt-in: aiaudit.hpp does not include it, and only who
// does needs libcurl (-lcurl).
//
// Threads: smtp_sink() may be called by any; a sink is for one delivery at a time.
// Floor 6.
#ifndef AIAUDIT_ALERTS_SMTP_HPP
#define AIAUDIT_ALERTS_SMTP_HPP

#include <aiaudit/alerts/alert_sink.hpp>  // alert_sink
#include <aiaudit/clock/clock.hpp>        // system_clock

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class smtp_security : std::uint8_t {
    starttls,  // TLS after a greeting, and no mail without it; port 587
    tls,       // from the first byte; port 465
    none,      // neither password nor mail is hidden: for a server on this machine
};

struct smtp_options {
    std::string name = "mail";
    std::string host{};
    std::uint16_t port = 587;
    smtp_security security = smtp_security::starttls;
    std::string user{};  // empty: no login
    std::string password{};
    std::string from{};
    std::vector<std::string> to{};
    std::string subject_prefix = "[aiaudit] ";
    std::string ca_file{};  // trusted certificates in PEM, in place of the system's
    std::chrono::milliseconds time_max{30'000};  // of a delivery
    std::function<timestamp()> now = [] { return system_clock{}.now(); };
};

namespace detail {

struct curl_deleter {
    void operator()(CURL* of) const noexcept { curl_easy_cleanup(of); }
    void operator()(curl_slist* of) const noexcept { curl_slist_free_all(of); }
};
using curl_owner = std::unique_ptr<CURL, curl_deleter>;
using curl_list_owner = std::unique_ptr<curl_slist, curl_deleter>;

// libssl writes to a broken connection without MSG_NOSIGNAL; that must not end the process. What
// came meanwhile for this thread is taken away.
class pipe_signal_block {
public:
    pipe_signal_block() noexcept;
    pipe_signal_block(pipe_signal_block const&) = delete;
    pipe_signal_block& operator=(pipe_signal_block const&) = delete;
    ~pipe_signal_block();

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

struct mail_upload {
    std::string_view rest{};
};
inline std::size_t ignore_answer(char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

}  // namespace detail

// An e-mail an alert. With starttls and tls the server's certificate is verified, always: without
// TLS nothing is sent. An address or a subject that could begin another header is refused here,
// and what an alert's text holds is encoded. The server takes all receivers or the delivery fails,
// so where it took only some of them those may get it again. Errors: bad_argument.
[[nodiscard]] result<alert_sink> smtp_sink(smtp_options options);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/alerts/smtp.ipp>
#endif

#endif  // AIAUDIT_ALERTS_SMTP_HPP
