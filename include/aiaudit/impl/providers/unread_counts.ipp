// SPDX-License-Identifier: MIT
//
// unread_counts.ipp: the definitions of unread_counts.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_UNREAD_COUNTS_IPP
#define AIAUDIT_IMPL_PROVIDERS_UNREAD_COUNTS_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // number_of, text_at
#include <aiaudit/providers/unread_counts.hpp>

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool is_harmless(std::string_view path) noexcept {
    return std::any_of(harmless_counts.begin(), harmless_counts.end(), [&](std::string_view each) {
        if (!each.ends_with('*')) return path == each;
        return path.starts_with(each.substr(0, each.size() - 1));
    });
}

// Walks one usage object.
class unread_walk {
public:
    unread_walk(dialect api, vendor seller, boost::json::value const& source, usage const& counts)
        : dialect_(api), vendor_(seller), root_(source), counts_(counts) {}

    [[nodiscard]] std::string run() {
        path_.reserve(96);
        walk(root_);
        if (dialect_ == dialect::gemini_interactions && !counts_.empty() &&
            at_path(&root_, "input_tokens_by_modality") == nullptr) {
            name("input_tokens_by_modality");  // rates differ by what it says
        }
        return std::move(found_);
    }

private:
    static constexpr int depth_max = 8;

    void walk(boost::json::value const& value) {
        if (auto const* object = value.if_object()) return walk_object(*object);
        if (auto const* list = value.if_array()) {
            for (boost::json::value const& element : *list) walk_element(element);
        } else if (number_of(value) > 0 && !is_read() && !is_harmless(path_) && !is_repeat(value)) {
            name(path_);
        }
    }

    void walk_object(boost::json::object const& object) {
        if (depth_ == depth_max) return name(path_);
        ++depth_;
        for (auto const& field : object) {
            std::size_t const size = path_.size();
            if (size != 0) path_.push_back('.');
            path_.append(field.key().data(), field.key().size());
            if (path_ == "iterations") {
                walk_iterations(field.value());
            } else if (path_ == "tool_usage.image_gen") {
                walk_drawings(field.value());
            } else {
                walk(field.value());
            }
            path_.resize(size);
        }
        --depth_;
    }

    // {"modality": "TEXT", "tokenCount": 12}: read where a rule names its list and its key.
    void walk_element(boost::json::value const& element) {
        if (is_list_read(element)) return;
        auto const key =
            text_at(&element, text_at(&element, "modality").empty() ? "ttl" : "modality");
        std::size_t const size = path_.size();
        if (!key.empty()) path_.append(".").append(key);
        walk(element);
        path_.resize(size);
    }

    // Each is a usage of its own.
    void walk_iterations(boost::json::value const& value) {
        auto const* list = value.if_array();
        if (list == nullptr || dialect_ != dialect::anthropic_messages) return walk(value);
        for (boost::json::value const& element : *list) {
            std::string const inner = unread_walk{dialect_, vendor_, element, counts_}.run();
            if (!inner.empty()) name("iterations." + inner);
        }
    }

    // OpenAI's, which counts as its images API does.
    void walk_drawings(boost::json::value const& value) {
        std::string const inner =
            unread_walk{dialect::openai_images, vendor_, value, counts_}.run();
        if (!inner.empty()) name("tool_usage.image_gen." + inner);
    }

    [[nodiscard]] bool is_read() const {
        auto const reads = [&](usage_rule const& rule) {
            return rule.key.empty() && rule.path == path_ && rule.only.has(vendor_);
        };
        auto const rules = rules_of(dialect_, root_);
        auto const more = more_rules_of(dialect_, vendor_);
        return std::any_of(rules.begin(), rules.end(), reads) ||
               std::any_of(more.begin(), more.end(), reads);
    }

    [[nodiscard]] bool is_list_read(boost::json::value const& element) const {
        auto const rules = rules_of(dialect_, root_);
        auto const reads = [&](usage_rule const& rule) {
            return !rule.key.empty() && rule.path == path_ &&
                   text_at(&element, rule.key) == rule.value;
        };
        if (std::any_of(rules.begin(), rules.end(), reads)) return true;
        modality_lists const table = modality_lists_of(dialect_);
        bool const listed =
            std::any_of(table.lists.begin(), table.lists.end(),
                        [&](modality_list const& list) { return list.path == path_; });
        return listed && modality_of(table, element) != nullptr;
    }

    // The input or the output once more, under another API's name.
    [[nodiscard]] bool is_repeat(boost::json::value const& value) const {
        constexpr std::array names{
            std::string_view{"prompt_tokens"}, std::string_view{"completion_tokens"},
            std::string_view{"input_tokens"}, std::string_view{"output_tokens"}};
        auto const count = whole_number(value);
        if (!count || std::find(names.begin(), names.end(), path_) == names.end()) return false;
        return *count == counts_.count(unit::input_tokens) ||
               *count == counts_.count(unit::output_tokens);
    }

    // The names are the provider's: only what such names have is kept.
    void name(std::string_view path) {
        constexpr std::size_t path_bytes_max = 80;
        if (found_.ends_with("...")) return;
        std::string clean(path.substr(0, path_bytes_max));
        for (char& c : clean) {
            bool const word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
            if (!word) c = c == ' ' ? ' ' : '_';
        }
        if (found_.size() + clean.size() + 5 > unread_bytes_max) clean = "...";
        if (!found_.empty()) found_.push_back(' ');
        found_.append(clean);
    }

    dialect dialect_;
    vendor vendor_;
    boost::json::value const& root_;
    usage const& counts_;
    std::string path_{};
    std::string found_{};
    int depth_ = 0;
};

AIAUDIT_INLINE std::string unread_counts(dialect api, vendor seller,
                                         boost::json::value const& source, usage const& counts) {
    return unread_walk{api, seller, source, counts}.run();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_UNREAD_COUNTS_IPP
