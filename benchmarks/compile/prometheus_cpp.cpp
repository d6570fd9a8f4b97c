// SPDX-License-Identifier: MIT
//
// prometheus-cpp: a counter and a histogram are counted, and written as text.
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

int main() {
    prometheus::Registry registry;
    auto& calls = prometheus::BuildCounter().Name("calls").Help("calls").Register(registry);
    calls.Add({{"user", "ana"}}).Increment();
    auto& times = prometheus::BuildHistogram().Name("seconds").Help("times").Register(registry);
    times.Add({}, prometheus::Histogram::BucketBoundaries{0.1, 1, 10}).Observe(0.4);
    return prometheus::TextSerializer{}.Serialize(registry.Collect()).empty() ? 1 : 0;
}
