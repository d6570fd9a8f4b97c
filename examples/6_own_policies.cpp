// Policies of one's own: derive from the defaults and change a line. Here the log is in memory, and
// a transport of one's own counts what passes through the usual one.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>
#include <aiaudit/templates.hpp>

#include <iostream>

class counting_transport {
public:
    template <class OnHead, class OnBody>
    aiaudit::result<void> exchange(aiaudit::http_request const& request,
                                   aiaudit::transfer_limits const& limits, std::stop_token stop,
                                   OnHead&& on_head, OnBody&& on_body) {
        sent += request.body.size();
        return inner_.exchange(request, limits, stop, on_head, on_body);
    }
    static inline std::atomic<std::size_t> sent = 0;

private:
    aiaudit::httplib_transport inner_{};
};
static_assert(aiaudit::transport_policy<counting_transport>);

struct policies : aiaudit::default_policies {
    using storage = aiaudit::memory_store;
    using transport = counting_transport;
};

int main() {
    examples::local_provider const provider;
    auto ledger = aiaudit::basic_ledger<policies>::open({}).value();
    auto client =
        aiaudit::basic_client<policies>::open(ledger, {.providers = {provider.entry()}}).value();
    client.chat({.provider = "openai", .model = "gpt-4.1", .messages = {{"user", "Hi"}}}).value();
    std::cout << counting_transport::sent << " bytes sent, "
              << value_of(ledger.last_sequence().value()) << " records\n";
}
