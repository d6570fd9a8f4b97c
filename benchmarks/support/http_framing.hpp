// SPDX-License-Identifier: MIT
//
// http_framing.hpp: where an HTTP/1.1 message ends, and what it holds: as much as a mock and a load
// generator need, and quick.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_HTTP_FRAMING_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_HTTP_FRAMING_HPP

#include "../support.hpp"

#include <charconv>

namespace benchmark_support {

enum class message_kind { request, response };

// Takes the bytes of a connection as they come; one message at a time, nobody pipelines here.
class message_reader {
public:
    explicit message_reader(message_kind kind) : kind_(kind) {}

    // True when the message has ended.
    bool take(std::string_view bytes) {
        if (part_ == part::head) {
            std::size_t const had = head_.size();
            head_.append(bytes);
            auto const end = head_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
            if (end == std::string::npos) return false;
            bytes.remove_prefix(end + 4 - had);
            head_.resize(end + 2);
            begin_body();
        }
        if (part_ == part::chunks) return take_chunks(bytes);
        body_.append(bytes);
        if (part_ == part::until_closed) return false;
        if (body_.size() > length_) stop("there are bytes after the end of an HTTP message");
        return body_.size() == length_;
    }
    // The connection has ended: true if that is how the message ends.
    [[nodiscard]] bool ends_when_closed() const { return part_ == part::until_closed; }
    [[nodiscard]] bool begun() const { return !head_.empty(); }

    // "POST /v1/chat/completions HTTP/1.1", or "HTTP/1.1 200 OK".
    [[nodiscard]] std::string_view start_line() const {
        return std::string_view(head_).substr(0, head_.find("\r\n"));
    }
    [[nodiscard]] int status() const {
        auto const line = start_line();
        int status = 0;
        if (line.size() >= 12) std::from_chars(line.data() + 9, line.data() + 12, status);
        return status;
    }
    // The value of a header, whose name is given in small letters; empty where there is none.
    [[nodiscard]] std::string_view header(std::string_view name) const {
        std::string_view rest = head_;
        while (!rest.empty()) {
            auto const line = rest.substr(0, rest.find("\r\n"));
            rest.remove_prefix(std::min(rest.size(), line.size() + 2));
            if (line.size() <= name.size() || line[name.size()] != ':') continue;
            if (!std::equal(name.begin(), name.end(), line.begin(),
                            [](char a, char b) { return a == small(b); }))
                continue;
            auto const value = line.substr(name.size() + 1);
            return value.substr(std::min(value.size(), value.find_first_not_of(' ')));
        }
        return {};
    }
    [[nodiscard]] std::string_view body() const { return body_; }

    // For the next message.
    void clear() {
        head_.clear();
        body_.clear();
        line_.clear();
        part_ = part::head;
        length_ = 0;
        last_chunk_ = false;
    }

private:
    enum class part { head, length, chunks, until_closed };

    static char small(char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    void begin_body() {
        part_ = part::length;
        if (auto const length = header("content-length"); !length.empty()) {
            length_ = number_in(length, 10);
        } else if (header("transfer-encoding") == "chunked") {
            part_ = part::chunks;
        } else if (kind_ == message_kind::response && status() != 204 && status() != 304) {
            part_ = part::until_closed;
        }
    }
    static std::size_t number_in(std::string_view text, int base) {
        std::size_t number = 0;
        auto const read = std::from_chars(text.data(), text.data() + text.size(), number, base);
        if (read.ec != std::errc{}) stop("no number in an HTTP message: " + std::string(text));
        return number;
    }
    bool take_chunks(std::string_view bytes) {
        while (!bytes.empty()) {
            if (length_ > 0) {
                auto const some = bytes.substr(0, length_);
                body_.append(some);
                length_ -= some.size();
                bytes.remove_prefix(some.size());
                continue;
            }
            auto const end = bytes.find('\n');
            line_.append(bytes.substr(0, end));
            if (end == std::string_view::npos) return false;
            bytes.remove_prefix(end + 1);
            if (line_.ends_with('\r')) line_.pop_back();
            if (line_.empty() && last_chunk_) return true;
            if (!line_.empty() && !last_chunk_) {
                length_ = number_in(line_, 16);
                last_chunk_ = length_ == 0;
            }
            line_.clear();  // else it was the end of a chunk, or a trailer
        }
        return false;
    }

    message_kind kind_;
    part part_ = part::head;
    std::string head_{};
    std::string body_{};
    std::string line_{};      // of a chunk's size
    std::size_t length_ = 0;  // of the body; or what is left of the chunk
    bool last_chunk_ = false;
};

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_HTTP_FRAMING_HPP
