// SPDX-License-Identifier: MIT
//
// smtp.ipp: the definitions of smtp.hpp.
#ifndef AIAUDIT_IMPL_ALERTS_SMTP_IPP
#define AIAUDIT_IMPL_ALERTS_SMTP_IPP

#include <aiaudit/alerts/mail.hpp>  // mail_message
#include <aiaudit/alerts/smtp.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/http.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE pipe_signal_block::pipe_signal_block() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigemptyset(&pending);
    ::sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
}

AIAUDIT_INLINE pipe_signal_block::~pipe_signal_block() {
    timespec const at_once{0, 0};
    while (!was_pending_ && ::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

AIAUDIT_INLINE std::size_t read_mail(char* to, std::size_t size, std::size_t count, void* from) {
    auto& upload = *static_cast<mail_upload*>(from);
    std::size_t const taken = (std::min)(size * count, upload.rest.size());
    std::memcpy(to, upload.rest.data(), taken);
    upload.rest.remove_prefix(taken);
    return taken;
}

// In libcurl's fixed words and the server's number: neither has a secret in it.
AIAUDIT_INLINE error smtp_error(CURLcode code, long status) {
    std::string where = std::string("smtp: ") + curl_easy_strerror(code);
    if (status != 0) where += " (" + std::to_string(status) + ")";
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return fail(errc::connect_failed, std::move(where));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_USE_SSL_FAILED: return fail(errc::tls_failed, std::move(where));
    case CURLE_OPERATION_TIMEDOUT: return fail(errc::timed_out, std::move(where));
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return fail(errc::connection_lost, std::move(where));
    default: return fail(errc::bad_response, std::move(where));
    }
}

AIAUDIT_INLINE result<void> check_smtp(smtp_options const& options) {
    bool const host =
        !options.host.empty() && std::all_of(options.host.begin(), options.host.end(), [](char c) {
            return is_letter_or_digit(c) || c == '.' || c == '-';
        });
    if (!host || options.port == 0)
        return fail(errc::bad_argument, "an SMTP server is a host's name and a port");
    if (options.to.empty()) return fail(errc::bad_argument, "an e-mail to nobody");
    if (auto ok = check_mail_address(options.from); !ok) return ok;
    for (std::string const& each : options.to) {
        if (auto ok = check_mail_address(each); !ok) return ok;
    }
    if (std::any_of(options.subject_prefix.begin(), options.subject_prefix.end(),
                    [](char c) { return is_control(c); }))
        return fail(errc::bad_argument, "a subject holds control characters");
    if (options.time_max.count() <= 0 || options.time_max > std::chrono::hours{1})
        return fail(errc::bad_argument, "an e-mail's time is 1 ms to an hour");
    return {};
}

AIAUDIT_INLINE bool prepare_smtp(CURL* by, smtp_options const& options) {
    std::string const url = (options.security == smtp_security::tls ? "smtps://" : "smtp://") +
                            options.host + ":" + std::to_string(options.port);
    bool set = curl_easy_setopt(by, CURLOPT_URL, url.c_str()) == CURLE_OK;
    auto const option = [&set, by](CURLoption which, auto value) {
        set = curl_easy_setopt(by, which, value) == CURLE_OK && set;
    };
    option(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    option(CURLOPT_PROXY, "");  // whatever the environment says
    option(CURLOPT_NOSIGNAL, 1L);
    option(CURLOPT_TIMEOUT_MS, static_cast<long>(options.time_max.count()));
    option(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.time_max.count()));
    bool const hidden = options.security != smtp_security::none;
    option(CURLOPT_USE_SSL, static_cast<long>(hidden ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    option(CURLOPT_SSL_VERIFYPEER, 1L);
    option(CURLOPT_SSL_VERIFYHOST, 2L);
    if (!options.ca_file.empty()) {
        option(CURLOPT_CAINFO, options.ca_file.c_str());
        option(CURLOPT_CAPATH, static_cast<char const*>(nullptr));
    }
    if (!options.user.empty()) {
        option(CURLOPT_USERNAME, options.user.c_str());
        option(CURLOPT_PASSWORD, options.password.c_str());
    }
    option(CURLOPT_MAIL_FROM, ("<" + options.from + ">").c_str());
    option(CURLOPT_UPLOAD, 1L);
    option(CURLOPT_READFUNCTION, &read_mail);
    option(CURLOPT_WRITEFUNCTION, &ignore_answer);
    return set;
}

AIAUDIT_INLINE result<void> send_mail(smtp_options const& options, alert const& of) {
    static CURLcode const ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    curl_owner const by(ready == CURLE_OK ? curl_easy_init() : nullptr);
    if (by == nullptr || !prepare_smtp(by.get(), options))
        return fail(errc::bad_argument, "libcurl cannot send e-mail so");
    curl_list_owner receivers;
    for (std::string const& each : options.to) {
        curl_slist* const longer = curl_slist_append(receivers.get(), ("<" + each + ">").c_str());
        if (longer == nullptr) return fail(errc::bad_argument, "libcurl has no memory");
        static_cast<void>(receivers.release());
        receivers.reset(longer);
    }
    std::string const message =
        mail_message(of, options.from, options.to, options.subject_prefix, options.now());
    mail_upload upload{message};
    bool const set = curl_easy_setopt(by.get(), CURLOPT_MAIL_RCPT, receivers.get()) == CURLE_OK &&
                     curl_easy_setopt(by.get(), CURLOPT_READDATA, &upload) == CURLE_OK;
    if (!set) return fail(errc::bad_argument, "libcurl cannot send e-mail so");
    pipe_signal_block const blocked;
    CURLcode const sent = curl_easy_perform(by.get());
    if (sent == CURLE_OK) return {};
    long status = 0;
    static_cast<void>(curl_easy_getinfo(by.get(), CURLINFO_RESPONSE_CODE, &status));
    return smtp_error(sent, status);
}

}  // namespace detail

AIAUDIT_INLINE result<alert_sink> smtp_sink(smtp_options options) {
    if (auto ok = detail::check_smtp(options); !ok) return ok.error();
    std::string name = options.name;
    return alert_sink{
        std::move(name),
        [options = std::move(options)](alert const& of) { return detail::send_mail(options, of); },
        {}};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ALERTS_SMTP_IPP
